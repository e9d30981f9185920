//! Which hosts may be asked, and how.

use std::net::IpAddr;

/// Which hosts may be asked.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rules {
    /// Metadata addresses may be asked, without TLS.
    pub(super) is_machine: bool,
    /// All hosts may be asked without TLS; otherwise only this machine.
    pub(super) is_plain: bool,
    /// All requests go to this machine.
    pub(super) is_local: bool,
    /// A multipart upload is completed only if no object is there. `object_store` has no option for that.
    pub(super) creates: bool,
}

impl Rules {
    /// Whether a host may be asked, with TLS or without.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn check(self, host: &str, has_tls: bool) -> Result<(), String> {
        let is_metadata = is_metadata(host);
        if is_metadata && !self.is_machine {
            let why = "credentials would be asked of the metadata address of this machine; \
                       give --cloud-credentials instance if that is meant";
            return Err(why.into());
        }
        // Metadata addresses have no TLS.
        if has_tls || self.is_plain || is_metadata || is_loopback(host) {
            return Ok(());
        }
        Err(format!("{host} would be asked without TLS; use https, or set AWS_ALLOW_HTTP=true"))
    }
}

/// Whether a host is asked without a proxy, which would carry the secrets of this machine off it: a metadata
/// address, and an agent on this machine. With TLS an agent may need certificates.
pub(super) fn is_direct(host: &str, has_tls: bool) -> bool {
    is_metadata(host) || (is_loopback(host) && !has_tls)
}

fn is_metadata(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']).trim_end_matches('.');
    let is_link_local = |address: IpAddr| match address {
        IpAddr::V4(address) => address.is_link_local(),
        // fd00:ec2::254 and fd00:ec2::23 of AWS; fe80::/10.
        IpAddr::V6(address) => {
            address.segments()[..2] == [0xfd00, 0x0ec2]
                || address.is_unicast_link_local()
                || address.to_ipv4_mapped().is_some_and(|address| address.is_link_local())
        }
    };
    matches!(host.parse(), Ok(address) if is_link_local(address))
        || host.eq_ignore_ascii_case("metadata.google.internal")
        || host.eq_ignore_ascii_case("metadata")
}

/// Whether a host is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_addresses_are_asked_on_a_machine_in_a_cloud_only() {
        let machine = Rules { is_machine: true, ..Rules::default() };
        for host in [
            "169.254.169.254",
            "169.254.170.2",
            "169.254.170.23",
            "metadata.google.internal",
            "METADATA.google.internal.",
            "metadata",
            "[fd00:ec2::254]",
            "[fd00:ec2::23]",
            "[fe80::1]",
            "[::ffff:169.254.169.254]",
        ] {
            for has_tls in [false, true] {
                assert!(Rules::default().check(host, has_tls).is_err(), "{host}");
                assert!(machine.check(host, has_tls).is_ok(), "{host}");
                assert!(is_direct(host, has_tls), "{host}");
            }
        }
    }

    #[test]
    fn without_tls_only_this_machine_is_asked_unless_that_is_said() {
        let plain = Rules { is_plain: true, ..Rules::default() };
        for (host, is_here) in [
            ("127.0.0.1", true),
            ("[::1]", true),
            ("localhost", true),
            ("localhost.example.com", false),
            ("10.0.0.1", false),
            ("s3.eu-central-1.amazonaws.com", false),
        ] {
            assert_eq!(Rules::default().check(host, false).is_ok(), is_here, "{host}");
            assert!(Rules::default().check(host, true).is_ok(), "{host}");
            assert!(plain.check(host, false).is_ok(), "{host}");
            assert_eq!(is_direct(host, false), is_here, "{host}");
            assert!(!is_direct(host, true), "{host}");
        }
    }
}
