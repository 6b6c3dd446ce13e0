//! Which rule a listener keeps, decided once, before anybody can connect.

use std::net::SocketAddr;

/// Who must show something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Nobody on this machine: the listener is on loopback or a Unix socket.
    Free,
    /// Everybody, also on this machine.
    Demand,
    /// Nobody at all, because the operator said so.
    Open,
}

/// What the operator said in plain words.
#[derive(Clone, Copy, Debug, Default)]
pub struct Consent {
    /// Tokens, codes and accounts may travel without encryption.
    pub in_the_clear: bool,
    /// Whoever reaches the listener may do everything.
    pub open_to_everyone: bool,
}

/// A listener that would be open by accident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the admin listener at {0} can be reached from other machines and has no TLS, so tokens would \
     travel in clear; use a loopback address or a Unix socket, set up TLS, or give \
     --admin-in-the-clear"
)]
pub struct TooOpen(SocketAddr);

impl Rule {
    /// The rule of a listener at `address`, which is nothing for a Unix socket.
    ///
    /// # Errors
    /// When it may not be opened without a word from the operator.
    pub fn of(address: Option<SocketAddr>, tls: bool, consent: Consent) -> Result<Self, TooOpen> {
        match address {
            None => Ok(Self::Free),
            Some(address) if address.ip().to_canonical().is_loopback() => Ok(Self::Free),
            Some(_) if consent.open_to_everyone => Ok(Self::Open),
            Some(_) if tls || consent.in_the_clear => Ok(Self::Demand),
            Some(address) => Err(TooOpen(address)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Consent = Consent { in_the_clear: false, open_to_everyone: false };
    const CLEAR: Consent = Consent { in_the_clear: true, open_to_everyone: false };
    const OPEN: Consent = Consent { in_the_clear: false, open_to_everyone: true };

    #[test]
    fn authz_01_only_words_open_an_address_that_others_reach() {
        for near in ["127.0.0.1:1", "127.9.8.7:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            for consent in [NOTHING, CLEAR, OPEN] {
                for tls in [false, true] {
                    let rule = Rule::of(Some(near.parse().unwrap()), tls, consent);
                    assert_eq!(rule, Ok(Rule::Free), "{near}");
                }
            }
        }
        for far in [
            "0.0.0.0:1",
            "[::]:1",
            "192.0.2.1:1",
            "10.1.2.3:1",
            "[fe80::1]:1",
            "[::ffff:0.0.0.0]:1",
        ] {
            let far: SocketAddr = far.parse().unwrap();
            assert_eq!(Rule::of(Some(far), false, NOTHING), Err(TooOpen(far)));
            assert_eq!(Rule::of(Some(far), true, NOTHING), Ok(Rule::Demand));
            for tls in [false, true] {
                assert_eq!(Rule::of(Some(far), tls, CLEAR), Ok(Rule::Demand));
                assert_eq!(Rule::of(Some(far), tls, OPEN), Ok(Rule::Open));
            }
        }
        assert_eq!(Rule::of(None, false, NOTHING), Ok(Rule::Free), "a Unix socket");
    }
}
