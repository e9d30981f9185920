//! The little that is needed of ssh-agent: whether it holds a key, and a signature.
//!
//! A message is its length, a byte that says what it is, and its fields; a string is its length and its
//! bytes; a length has four bytes, the highest first (draft-miller-ssh-agent). Each request has a
//! connection of its own, so that any thread can sign.

use std::path::PathBuf;

use ssh_key::{PublicKey, Signature};

use super::error::SignError;
use super::public::fingerprint;

const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;

/// The longest answer, in bytes: OpenSSH's own limit.
const LONGEST: u32 = 256 * 1024;

/// Where ssh-agent listens.
pub(super) struct Agent {
    #[cfg_attr(not(unix), expect(dead_code, reason = "there is no socket"))]
    socket: PathBuf,
}

impl Agent {
    /// The agent of `SSH_AUTH_SOCK`.
    pub(super) fn from_environment() -> Result<Self, SignError> {
        match std::env::var_os("SSH_AUTH_SOCK").filter(|socket| !socket.is_empty()) {
            Some(socket) => Ok(Self { socket: socket.into() }),
            None => Err(SignError::Agent(
                "SSH_AUTH_SOCK is not set, so no agent can sign; start one, or give the private key"
                    .into(),
            )),
        }
    }

    /// Checks that the agent holds the private half of a key.
    pub(super) fn check_holds(&self, key: &PublicKey) -> Result<(), SignError> {
        let wanted = blob(key)?;
        let answer = self.ask(&[REQUEST_IDENTITIES])?;
        let mut fields = Fields(expect(&answer, IDENTITIES_ANSWER, "it does not list its keys")?);
        for _ in 0..fields.number()? {
            let (found, _comment) = (fields.string()?, fields.string()?);
            if found == wanted {
                return Ok(());
            }
        }
        let why = format!("it does not hold the key {}; ssh-add it", fingerprint(key));
        Err(SignError::Agent(why))
    }

    /// Lets the agent sign. It may ask its owner first.
    pub(super) fn sign(&self, key: &PublicKey, data: &[u8]) -> Result<Signature, SignError> {
        let mut request = vec![SIGN_REQUEST];
        put(&mut request, &blob(key)?)?;
        put(&mut request, data)?;
        // No flags: they are for RSA.
        request.extend(0_u32.to_be_bytes());
        let answer = self.ask(&request)?;
        let refused = "it refuses to sign; it may be locked, or its owner has said no";
        let mut fields = Fields(expect(&answer, SIGN_RESPONSE, refused)?);
        Signature::try_from(fields.string()?).map_err(|_| garbled())
    }

    /// Sends a request; returns the answer.
    #[cfg(unix)]
    fn ask(&self, request: &[u8]) -> Result<Vec<u8>, SignError> {
        use std::io::{self, Read, Write};
        use std::os::unix::net::UnixStream;
        use std::time::Duration;

        // A person who is asked for consent needs a while.
        const PATIENCE: Duration = Duration::from_secs(120);
        let talk = || -> io::Result<Vec<u8>> {
            let mut stream = UnixStream::connect(&self.socket)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            let mut message = Vec::new();
            let too_long = || io::Error::from(io::ErrorKind::InvalidInput);
            message.extend(u32::try_from(request.len()).map_err(|_| too_long())?.to_be_bytes());
            message.extend(request);
            stream.write_all(&message)?;
            let mut length = [0; 4];
            stream.read_exact(&mut length)?;
            let length = u32::from_be_bytes(length);
            if length == 0 || length > LONGEST {
                return Err(io::Error::from(io::ErrorKind::InvalidData));
            }
            let mut answer = Vec::new();
            stream.take(length.into()).read_to_end(&mut answer)?;
            if answer.len() as u64 != u64::from(length) {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
            Ok(answer)
        };
        talk().map_err(|error| {
            let socket = self.socket.display();
            SignError::Agent(format!(
                "the agent at {socket} (SSH_AUTH_SOCK) does not answer: {error}"
            ))
        })
    }

    #[cfg(not(unix))]
    fn ask(&self, _: &[u8]) -> Result<Vec<u8>, SignError> {
        Err(SignError::Agent("it is supported on Unix only; give the private key".into()))
    }
}

/// The key as the agent knows it.
fn blob(key: &PublicKey) -> Result<Vec<u8>, SignError> {
    key.to_bytes().map_err(|_| SignError::Agent("the public key cannot be sent".into()))
}

fn put(request: &mut Vec<u8>, string: &[u8]) -> Result<(), SignError> {
    let length = u32::try_from(string.len());
    let length = length.map_err(|_| SignError::Agent("the request is too long".into()))?;
    request.extend(length.to_be_bytes());
    request.extend(string);
    Ok(())
}

/// The fields of an answer of this kind.
fn expect<'a>(answer: &'a [u8], kind: u8, otherwise: &str) -> Result<&'a [u8], SignError> {
    match answer.split_first() {
        Some((&found, fields)) if found == kind => Ok(fields),
        _ => Err(SignError::Agent(otherwise.into())),
    }
}

fn garbled() -> SignError {
    SignError::Agent("its answer cannot be read".into())
}

/// The fields of an answer that were not read yet.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn number(&mut self) -> Result<u32, SignError> {
        let (number, rest) = self.0.split_first_chunk::<4>().ok_or_else(garbled)?;
        self.0 = rest;
        Ok(u32::from_be_bytes(*number))
    }

    fn string(&mut self) -> Result<&'a [u8], SignError> {
        let length = usize::try_from(self.number()?).map_err(|_| garbled())?;
        let (string, rest) = self.0.split_at_checked(length).ok_or_else(garbled)?;
        self.0 = rest;
        Ok(string)
    }
}
