//! Where a request comes from: the other end of the connection, or what a trusted proxy says of it.

use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use store::{Error, Result};

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Proxies that are believed.
#[derive(Debug)]
pub(super) struct Proxies(Vec<IpNet>);

/// Where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) address: Option<IpAddr>,
    /// Whether the way to the browser is encrypted, as far as a trusted proxy says.
    pub(super) forwarded_https: bool,
}

impl Origin {
    /// Whether the caller is on this machine.
    pub(super) fn is_loopback(self) -> bool {
        self.address.is_some_and(|address| address.is_loopback())
    }
}

impl Proxies {
    /// Reads addresses and networks.
    pub(super) fn read(settings: &[String]) -> Result<Self> {
        let network = |text: &String| {
            let address = text.parse::<IpAddr>().map(IpNet::from);
            address.or_else(|_| text.parse::<IpNet>()).map_err(|_| {
                let wrong = "is no address and no network, such as 10.0.0.7 or 10.0.0.0/8";
                Error::Invalid(format!("access.trusted_proxies: {text:?} {wrong}"))
            })
        };
        settings.iter().map(network).collect::<Result<_>>().map(Self)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// From the nearest end on, the first address that is no trusted proxy: what stands further off, callers may have
    /// written themselves.
    pub(super) fn origin(&self, headers: &HeaderMap, extensions: &Extensions) -> Origin {
        let peer = extensions.get::<Peer>().map(|Peer(peer)| peer.ip().to_canonical());
        let Some(peer) = peer.filter(|peer| self.trusts(*peer)) else {
            return Origin { address: peer, forwarded_https: false };
        };
        let mut address = peer;
        for part in text(headers, "x-forwarded-for").rev() {
            // What cannot be read ends what can be believed.
            let Ok(said) = part.parse::<IpAddr>() else { break };
            address = said.to_canonical();
            if !self.trusts(address) {
                break;
            }
        }
        let forwarded_https =
            text(headers, "x-forwarded-proto").next_back().is_some_and(|proto| proto == "https");
        Origin { address: Some(address), forwarded_https }
    }
}

/// All parts of a header that is a list, in order.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> impl DoubleEndedIterator<Item = &'a str> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect::<Vec<_>>();
    values.into_iter().flat_map(|value| value.split(',').map(str::trim).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    #[track_caller]
    fn check(peer: &str, forwarded: &[(&str, &str)], address: &str, https: bool) {
        let proxies = Proxies::read(&["10.0.0.0/8".into(), "::1".into()]).unwrap();
        let mut request = Request::builder();
        for (name, value) in forwarded {
            request = request.header(*name, *value);
        }
        let mut request = request.body(()).unwrap();
        request.extensions_mut().insert(Peer(SocketAddr::new(peer.parse().unwrap(), 1)));
        let origin = Origin { address: Some(address.parse().unwrap()), forwarded_https: https };
        assert_eq!(proxies.origin(request.headers(), request.extensions()), origin, "{peer} {forwarded:?}");
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let forwarded = [("x-forwarded-for", "1.1.1.1, 2.2.2.2"), ("x-forwarded-proto", "https")];
        check("9.9.9.9", &forwarded, "9.9.9.9", false);
        check("10.0.0.1", &forwarded, "2.2.2.2", true);
        check("::ffff:10.0.0.1", &forwarded, "2.2.2.2", true);
        check("10.0.0.1", &[("x-forwarded-for", "6.6.6.6, 2.2.2.2, 10.0.0.2")], "2.2.2.2", false);
        check("10.0.0.1", &[("x-forwarded-for", "1.1.1.1, nonsense")], "10.0.0.1", false);
        check("::1", &[("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "2.2.2.2")], "2.2.2.2", false);
        check("10.0.0.1", &[], "10.0.0.1", false);
        let wrong = Proxies::read(&["the proxy".into()]).unwrap_err();
        assert!(wrong.to_string().contains("access.trusted_proxies"), "{wrong}");
    }
}
