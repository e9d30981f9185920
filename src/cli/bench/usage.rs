//! What processes have used, as the operating system counts. Where it does not tell, nothing is
//! guessed.

use std::time::Duration;

/// Time on a core, in user and system mode, and the most memory that was held, in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Used {
    pub(super) cpu: Option<Duration>,
    pub(super) peak: Option<u64>,
}

/// What this process has used.
pub(super) fn own() -> Used {
    let used = asked(Whose::Own);
    // What `getrusage` knows includes what the process was before it became this program.
    Used { peak: high_water_mark().or(used.peak), ..used }
}

/// What the children that have ended have used: time together, memory the hungriest.
pub(super) fn children() -> Used {
    asked(Whose::Children)
}

enum Whose {
    Own,
    Children,
}

#[cfg(unix)]
fn asked(whose: Whose) -> Used {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeVal;

    let whose = match whose {
        Whose::Own => UsageWho::RUSAGE_SELF,
        Whose::Children => UsageWho::RUSAGE_CHILDREN,
    };
    let Ok(usage) = getrusage(whose) else { return Used::default() };
    let time = |time: TimeVal| {
        let (seconds, micros) = (time.tv_sec().try_into().ok()?, time.tv_usec().try_into().ok()?);
        Some(Duration::from_secs(seconds) + Duration::from_micros(micros))
    };
    // Apple counts bytes, the others KiB.
    let unit = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
    Used {
        cpu: time(usage.user_time()).zip(time(usage.system_time())).map(|(user, sys)| user + sys),
        peak: u64::try_from(usage.max_rss()).ok().map(|size| size * unit).filter(|&size| size > 0),
    }
}

#[cfg(not(unix))]
fn asked(_: Whose) -> Used {
    Used::default()
}

/// Linux keeps the mark for the program alone.
fn high_water_mark() -> Option<u64> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    parse_mark(&std::fs::read_to_string("/proc/self/status").ok()?)
}

/// `VmHWM:     6664 kB`, which are KiB.
fn parse_mark(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let size: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(size * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_high_water_mark_is_found_among_the_rest() {
        let status = "Name:\tx\nVmPeak:\t 9000 kB\nVmHWM:\t    6664 kB\nVmRSS:\t 1 kB\n";
        assert_eq!(parse_mark(status), Some(6664 * 1024));
        assert_eq!(parse_mark("VmPeak:\t 9000 kB\n"), None);
        assert_eq!(parse_mark("VmHWM:\t lots\n"), None);
    }

    #[cfg(unix)]
    #[test]
    fn this_process_has_used_something() {
        let used = own();
        assert!(used.cpu.unwrap() > Duration::ZERO);
        assert!(used.peak.unwrap() > 100_000);
    }
}
