#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;

#[test]
fn only_public_addresses_are_connected_to() {
    // req: MP06-5.10.2-03
    let special = [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.9.9.9",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.9",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::a00:1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:a00:1::",
        "3fff::1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "ff02::1",
    ];
    for address in special {
        assert!(!is_public(address.parse().unwrap()), "{address}");
    }
    for address in ["8.8.8.8", "100.63.0.1", "100.128.0.1", "172.32.0.1", "192.0.1.1", "2001:4860::8888", "2a00::1"] {
        assert!(is_public(address.parse().unwrap()), "{address}");
    }
}

#[tokio::test]
async fn a_name_that_leads_home_is_not_connected_to() {
    // req: MP06-5.10.2-03
    let Err(error) = PublicOnly.resolve("localhost".parse().unwrap()).await else { panic!("localhost was resolved") };
    assert!(error.to_string().contains("not public"), "{error}");
}

fn usage(at_once: usize, octets_per_hour: u64) -> Downloads {
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let limits = DownloadsConfig { at_once, octets_per_hour, ..DownloadsConfig::default() };
    Downloads::new(tls, &BTreeMap::new(), limits).unwrap()
}

#[test]
fn each_provider_has_its_own_share() {
    // req: MP06-5.10.2-05
    let (b, c): (Domain, Domain) = ("b.example".parse().unwrap(), "c.example".parse().unwrap());
    let downloads = usage(2, 100);
    let first = downloads.share(&b).unwrap();
    let second = downloads.share(&b).unwrap();
    assert!(matches!(downloads.share(&b), Err(DownloadRefusal::Busy(_))));
    assert!(downloads.share(&c).is_ok(), "another provider's downloads are its own");
    drop(second);
    assert!(first.count(100).is_ok());
    assert!(matches!(first.count(1), Err(DownloadRefusal::Quota { .. })));
    drop(first);
    let refused = downloads.share(&b).err().unwrap();
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.retry_after().unwrap() > Duration::from_secs(3500));
    assert!(downloads.share(&c).is_ok());
}

#[test]
fn each_refusal_has_its_status() {
    // req: MP06-5.10.2-05
    let url = |url: &str| DownloadRefusal::from(permit(url, &AssetHosts::new()).unwrap_err()).status().as_u16();
    assert_eq!(url("https://assets.b.example/a b"), 400);
    assert_eq!(url("https://assets.b.example/"), 403);
    assert_eq!(url("http://assets.b.example/"), 403);
    assert_eq!(url("https://127.0.0.1/"), 403);
    for (refusal, status) in [
        (DownloadRefusal::Status(StatusCode::NOT_FOUND), 404),
        (DownloadRefusal::Status(StatusCode::FOUND), 502),
        (DownloadRefusal::Status(StatusCode::FORBIDDEN), 502),
        (DownloadRefusal::Unreachable(String::new()), 502),
        (DownloadRefusal::TooLarge(1), 502),
        (DownloadRefusal::TooSlow, 504),
        (DownloadRefusal::Stopped, 503),
    ] {
        assert_eq!(refusal.status().as_u16(), status, "{refusal}");
        assert_eq!(upstream(&refusal).status().as_u16(), status);
    }
}
