//! The audio of a WAV, and what lies behind it.

use std::io::{self, Read};
use std::sync::Arc;

use super::chunks::Chunks;
use super::{Order, Wav, adpcm_frames};
use crate::decode::transport::Transport;
use crate::error::Error;
use crate::span::time_of;

/// The audio of a WAV, from its first frame to its last and no further.
pub(in crate::decode) struct Body<R> {
    inner: R,
    transport: Arc<Transport>,
    /// Bytes still to come; `None` means up to the end of the source.
    left: Option<u64>,
    given: u64,
    order: Order,
    rest: u64,
    odd: bool,
    frame_bytes: u64,
    adpcm: Option<(u16, u16)>,
    rate: u32,
    done: bool,
    /// Bytes that fill the last block of ADPCM up, still to be given.
    filling: u64,
}

impl<R: Read> Body<R> {
    pub(in crate::decode) fn new(wav: &Wav, inner: R, transport: &Arc<Transport>) -> Self {
        Self {
            inner,
            transport: Arc::clone(transport),
            left: wav.data,
            given: 0,
            order: if wav.big_endian { Order::Big } else { Order::Little },
            rest: wav.rest,
            odd: wav.odd,
            frame_bytes: wav.frame_bytes,
            rate: wav.rate,
            adpcm: wav.adpcm,
            done: false,
            filling: 0,
        }
    }

    /// A short last block of ADPCM is filled up, for symphonia takes whole ones only; what it then
    /// has too much is cut off again.
    fn fill(&mut self) {
        let part = self.given % self.frame_bytes;
        let Some(adpcm) = self.adpcm.filter(|&adpcm| adpcm_frames(adpcm, part) > 0) else { return };
        let whole = adpcm_frames(adpcm, self.frame_bytes) * (self.given / self.frame_bytes);
        self.transport.limit(whole + adpcm_frames(adpcm, part));
        self.filling = self.frame_bytes - part;
    }

    /// Called once, where the audio ends or the source does.
    fn end(&mut self) {
        self.done = true;
        self.fill();
        match self.left {
            Some(0) => {
                if let Err(error) = self.trailer() {
                    self.transport.fail(error);
                }
            }
            Some(left) => {
                let frames = self.given / self.frame_bytes;
                let declared = self.given + left;
                self.transport.fail(Error::Truncated {
                    frames,
                    time: time_of(frames, self.rate),
                    reason: format!("{} of {declared} bytes of audio are there", self.given),
                });
            }
            None => {}
        }
    }

    /// Looks for audio behind the audio, which would be lost without a word: a second `data` chunk,
    /// or bytes that no chunk holds, as a writer leaves who counts wrongly.
    fn trailer(&mut self) -> Result<(), Error> {
        let others = Vec::new();
        let mut chunks = Chunks { rest: &mut self.inner, order: self.order, odd: false, others };
        chunks.skip(self.rest)?;
        chunks.odd = self.odd;
        while let Some((id, size)) = chunks.next()? {
            if id == *b"data" {
                return Err(Error::Unsupported { what: "WAV with several data chunks".into() });
            }
            if !id.iter().all(|byte| (b' '..=b'~').contains(byte)) {
                return if id == [0; 4] && size == 0 { self.zeros() } else { Err(no_chunk()) };
            }
            chunks.pass_over(id, size)?;
        }
        chunks.others.into_iter().for_each(|other| self.transport.left_out(other));
        Ok(())
    }

    /// Reads on to the end of the source; there may be nothing but padding.
    fn zeros(&mut self) -> Result<(), Error> {
        let mut buffer = [0; 4096];
        loop {
            let count = self.inner.read(&mut buffer).map_err(Error::Read)?;
            if buffer[..count].iter().any(|&byte| byte != 0) {
                return Err(no_chunk());
            }
            if count == 0 {
                return Ok(());
            }
        }
    }
}

fn no_chunk() -> Error {
    let reason = "what follows its audio is no chunk; perhaps its header counts too few bytes";
    Error::Container { container: "WAV".into(), reason: reason.into() }
}

impl<R: Read> Read for Body<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = self.left.map_or(buffer.len(), |left| {
            usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()))
        });
        let count = if room == 0 { 0 } else { self.inner.read(&mut buffer[..room])? };
        self.given += count as u64;
        if let Some(left) = &mut self.left {
            *left -= count as u64;
        }
        if count == 0 && !buffer.is_empty() {
            if !self.done {
                self.end();
            }
            let count = usize::try_from(self.filling).unwrap_or(usize::MAX).min(buffer.len());
            self.filling -= count as u64;
            buffer[..count].fill(0);
            return Ok(count);
        }
        Ok(count)
    }
}
