//! Web and mail addresses by what they say of their owner: the registrable domain, the page, the mailbox.

use super::chains;
use crate::lookup::WordTable;
use std::sync::LazyLock;

/// Hosts whose domain belongs to somebody else: there the page or the mailbox is the owner's, not the domain.
const SHARED_DOMAINS: &[&str] = &[
    "facebook.com",
    "fb.com",
    "fb.me",
    "instagram.com",
    "twitter.com",
    "x.com",
    "linkedin.com",
    "youtube.com",
    "tiktok.com",
    "pinterest.com",
    "linktr.ee",
    "yelp.com",
    "tripadvisor.com",
    "booking.com",
    "airbnb.com",
    "google.com",
    "goo.gl",
    "business.site",
    "wordpress.com",
    "blogspot.com",
    "wix.com",
    "wixsite.com",
    "weebly.com",
    "squarespace.com",
    "godaddysites.com",
    "sites.google.com",
    "webs.com",
    "tripod.com",
    "jimdo.com",
    "jimdofree.com",
    "negocio.site",
    "ueniweb.com",
    "square.site",
    "shopify.com",
    "myshopify.com",
    "etsy.com",
    "eventbrite.com",
    "meetup.com",
    "vagaro.com",
    "booksy.com",
    "opentable.com",
    "ubereats.com",
    "doordash.com",
    "grubhub.com",
    "whatsapp.com",
    "wa.me",
    "bit.ly",
    "tinyurl.com",
    "patreon.com",
    "gofundme.com",
    "gmail.com",
    "googlemail.com",
    "yahoo.com",
    "ymail.com",
    "hotmail.com",
    "outlook.com",
    "live.com",
    "msn.com",
    "aol.com",
    "icloud.com",
    "me.com",
    "comcast.net",
    "sbcglobal.net",
    "att.net",
    "verizon.net",
    "bellsouth.net",
    "cox.net",
    "charter.net",
    "earthlink.net",
    "juno.com",
    "proton.me",
    "protonmail.com",
    "gmx.de",
    "gmx.net",
    "web.de",
    "t-online.de",
    "freenet.de",
    "yandex.ru",
    "mail.ru",
    "qq.com",
    "163.com",
    "126.com",
    "orange.fr",
    "wanadoo.fr",
    "free.fr",
    "laposte.net",
    "libero.it",
    "uol.com.br",
    "terra.com.br",
    "yahoo.co.jp",
    "yahoo.co.uk",
    "hotmail.co.uk",
    "btinternet.com",
    "naver.com",
    "daum.net",
];

static BY_SHARED_DOMAIN: LazyLock<WordTable<()>> =
    LazyLock::new(|| SHARED_DOMAINS.iter().map(|domain| (*domain, ())).collect());

fn is_shared(domain: &str) -> bool {
    BY_SHARED_DOMAIN.contains_key(domain)
}

/// Pages beyond this length are session links rather than pages.
const PATH_LENGTH_MAX: usize = 80;

/// What a web address says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Site {
    /// The registrable domain, unless it is a shared one.
    pub(super) domain: Option<String>,
    /// Domain (or shared host) and path, when there is a path.
    pub(super) page: Option<String>,
    /// Whether it is one of a list of sites.
    pub(super) is_locator: bool,
}

/// Reads a web address; `None` when it is none.
pub(super) fn site(url: &str) -> Option<Site> {
    let lower = url.trim().to_lowercase();
    let rest = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit('@').next()?.split(':').next()?;
    let domain = registrable(host)?;
    let path = path.split(['?', '#']).next().unwrap_or_default().trim_matches('/');
    let path = path.strip_suffix("index.html").or_else(|| path.strip_suffix("index.php")).unwrap_or(path);
    let path = path.trim_end_matches('/');
    let page = (!path.is_empty() && path.len() <= PATH_LENGTH_MAX).then(|| [domain, "/", path].concat());
    let owned = !is_shared(domain);
    // A name under a shared host (`clinic.wixsite.com`) is the owner's page.
    let host = host.strip_prefix("www.").unwrap_or(host);
    let page = if !owned && host != domain && page.is_none() { Some(host.to_owned()) } else { page };
    let is_locator = owned && (page.as_deref().is_some_and(chains::is_locator) || chains::is_locator(host));
    Some(Site { domain: owned.then(|| domain.to_owned()), page, is_locator })
}

/// Reads a mail address: the mailbox, and its domain unless it is a shared one.
pub(super) fn mailbox(email: &str) -> Option<(String, Option<String>)> {
    let lower = email.trim().to_lowercase();
    let (local, host) = lower.rsplit_once('@')?;
    let local = local.trim_start_matches("mailto:");
    if local.is_empty() || local.contains(char::is_whitespace) {
        return None;
    }
    let domain = registrable(host)?;
    let owned = !is_shared(domain);
    Some(([local, "@", host].concat(), owned.then(|| domain.to_owned())))
}

/// The domain that somebody registered, by the public suffix list.
fn registrable(host: &str) -> Option<&str> {
    let host = host.trim_end_matches('.');
    let valid = !host.is_empty()
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.' || b >= 0x80);
    if !valid {
        return None;
    }
    let domain = psl::domain(host.as_bytes())?;
    if !domain.suffix().is_known() {
        return None;
    }
    std::str::from_utf8(domain.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::{mailbox, site};

    #[test]
    fn the_owner_shows_in_the_domain_or_the_page() {
        for (url, domain, page) in [
            ("https://www.example.co.uk/", Some("example.co.uk"), None),
            ("stores.petco.com/nj/vineland/?x=1", Some("petco.com"), Some("petco.com/nj/vineland")),
            ("HTTP://Example.org/index.html", Some("example.org"), None),
            ("https://www.facebook.com/harrysomaha", None, Some("facebook.com/harrysomaha")),
            ("clinic.wixsite.com", Some("clinic.wixsite.com"), None),
            ("smith.booksy.com", None, Some("smith.booksy.com")),
        ] {
            let site = site(url).unwrap();
            assert_eq!((site.domain.as_deref(), site.page.as_deref()), (domain, page), "{url}");
        }
        for none in ["04/30/13", "", "n/a", "http://", "localhost", "a b.com"] {
            assert_eq!(site(none), None, "{none}");
        }
    }

    #[test]
    fn a_mailbox_has_a_domain_only_where_it_is_the_owners() {
        assert_eq!(
            mailbox("Info@Clinic.org"),
            Some(("info@clinic.org".to_owned(), Some("clinic.org".to_owned())))
        );
        assert_eq!(mailbox("a@gmail.com"), Some(("a@gmail.com".to_owned(), None)));
        assert_eq!(mailbox("no mail"), None);
    }
}
