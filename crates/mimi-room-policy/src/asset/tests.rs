#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_arch::component::Component;
use mimi_arch::testing::{laws, not_written, refused};
use mimi_arch::uri::Uri;

use super::*;

fn domain(name: &str) -> Domain {
    name.parse().unwrap()
}

fn media_type(text: &str) -> MediaType {
    text.parse().unwrap()
}

fn entry(provider: &str, hosts: &[&str]) -> ProviderAssetUploadDomains {
    ProviderAssetUploadDomains {
        provider: domain(provider),
        asset_upload_destinations: hosts.iter().map(|host| domain(host)).collect(),
    }
}

fn policy() -> AssetPolicy {
    AssetPolicy {
        asset_upload_location: AssetUploadLocation::LocalProvider,
        upload_domains: vec![entry("a.example", &["up.a.example", "cdn.example"]), entry("b.example", &["b.example"])],
        download_privacy: DownloadPrivacy::through_hub(),
        max_image: 100,
        max_audio: 200,
        max_video: 300,
        max_attachment: 400,
        forbidden_media_types: vec![media_type("image/svg+xml")],
        permitted_media_types: None,
    }
}

fn at(url: &str, sender: &str) -> Result<(), AssetRefusal> {
    policy().permits_location(&Uri::new(url).unwrap(), &domain(sender))
}

#[test]
fn the_policy_has_these_octets() {
    // req: RP03-6.4-10, RP03-6.4-11, RP03-6.4-13, RP03-6.4-14
    let small = AssetPolicy {
        upload_domains: vec![entry("a.b", &["c.d"])],
        forbidden_media_types: vec![media_type("a/b")],
        permitted_media_types: Some(vec![media_type("c/d")]),
        ..policy()
    };
    let expected = [
        &b"\x01\x09\x03a.b\x04\x03c.d\x02\x01\x02\x01\x00\x01"[..],
        &b"\0\0\0\0\0\0\0\x64\0\0\0\0\0\0\0\xc8\0\0\0\0\0\0\x01\x2c\0\0\0\0\0\0\x01\x90"[..],
        &b"\x05\x03a/b\x00\x01\x05\x03c/d\x00"[..],
    ]
    .concat();
    assert_eq!(laws(&small), expected);
    laws(&policy());
}

#[test]
fn locations_and_download_types_have_three_values_each() {
    // req: RP03-6.4-09, RP03-6.4-12
    for value in 0..3u8 {
        assert_eq!(laws(&AssetUploadLocation::ALL[usize::from(value)]), [value]);
        assert_eq!(laws(&DownloadPrivacyType::ALL[usize::from(value)]), [value]);
    }
    refused::<AssetUploadLocation>(&[3], 0, &UPLOAD_LOCATION_INVALID);
    refused::<DownloadPrivacyType>(&[255], 0, &DOWNLOAD_TYPE_INVALID);
}

#[test]
fn the_hub_stands_alone_when_assets_go_to_it() {
    // req: RP03-6.4-04
    let mut policy = AssetPolicy { asset_upload_location: AssetUploadLocation::Hub, ..policy() };
    not_written(&policy, &HUB_NOT_ALONE);
    let mut octets = AssetPolicy { asset_upload_location: AssetUploadLocation::LocalProvider, ..policy.clone() };
    octets.upload_domains.clear();
    let mut octets = octets.to_bytes().unwrap();
    octets[0] = 2;
    refused::<AssetPolicy>(&octets, 0, &HUB_NOT_ALONE);
    policy.upload_domains.pop();
    laws(&policy);
    assert_eq!(policy.check_for(&domain("a.example")), Ok(()));
    assert_eq!(policy.check_for(&domain("b.example")), Err(&HUB_IS_OTHER));
}

#[test]
fn a_provider_is_listed_once() {
    let twice = AssetPolicy { upload_domains: vec![entry("a.b", &[]), entry("a.b", &["c.d"])], ..policy() };
    not_written(&twice, &PROVIDER_TWICE);
}

#[test]
fn domains_are_host_names_in_lower_case() {
    refused::<ProviderAssetUploadDomains>(b"\x03A.b\x00", 0, &DOMAIN_INVALID);
    refused::<ProviderAssetUploadDomains>(b"\x03a.b\x04\x03c/d", 5, &DOMAIN_INVALID);
}

#[test]
fn download_types_do_not_contradict_each_other() {
    // req: RP03-6.4-08
    refused::<DownloadPrivacy>(&[1, 1, 1, 1, 1], 0, &DOWNLOAD_CONTRADICTORY);
    refused::<DownloadPrivacy>(&[1, 1, 0, 2], 0, &DOWNLOAD_DEFAULT_NOT_ALLOWED);
    let privacy =
        DownloadPrivacy { default_download_type: DownloadPrivacyType::Direct, ..DownloadPrivacy::through_hub() };
    not_written(&privacy, &DOWNLOAD_DEFAULT_NOT_ALLOWED);
}

#[test]
fn long_lists_of_download_types_are_read_in_linear_time() {
    let many = 1 << 20;
    let privacy = DownloadPrivacy {
        allowed_download_types: vec![DownloadPrivacyType::Ohttp; many],
        forbidden_download_types: vec![DownloadPrivacyType::Direct; many],
        default_download_type: DownloadPrivacyType::Ohttp,
    };
    assert_eq!(DownloadPrivacy::from_bytes(&privacy.to_bytes().unwrap()), Ok(privacy));
}

#[test]
fn only_listed_download_types_are_permitted() {
    // req: RP03-6.4-07
    let privacy = DownloadPrivacy {
        allowed_download_types: vec![DownloadPrivacyType::HubProxy],
        forbidden_download_types: vec![],
        default_download_type: DownloadPrivacyType::HubProxy,
    };
    assert!(privacy.permits(DownloadPrivacyType::HubProxy));
    assert!(!privacy.permits(DownloadPrivacyType::Ohttp));
    assert!(!DownloadPrivacy::through_hub().permits(DownloadPrivacyType::Direct));
}

#[test]
fn an_asset_is_where_the_senders_provider_puts_it() {
    // req: RP03-6.4-05, RP03-6.4-06
    assert_eq!(at("https://up.a.example/x", "a.example"), Ok(()));
    assert_eq!(at("https://u@CDN.example:8443?x", "a.example"), Ok(()));
    let unlisted = AssetRefusal::HostUnlisted { host: "b.example".to_owned() };
    assert_eq!(at("https://b.example/x", "a.example"), Err(unlisted));
    // Hosts are compared as a whole.
    assert!(at("https://x.up.a.example/", "a.example").is_err());
    assert!(at("https://up.a.example@evil.example/", "a.example").is_err());
    assert!(at("https://up.a.example.evil.example/", "a.example").is_err());
    assert_eq!(
        at("https://c.example/x", "c.example"),
        Err(AssetRefusal::ProviderUnlisted { provider: domain("c.example") })
    );
    assert_eq!(at("urn:x", "a.example"), Err(AssetRefusal::NoHost));
    assert_eq!(at("https:///x", "a.example"), Err(AssetRefusal::NoHost));
}

#[test]
fn assets_go_to_the_hub_or_anywhere_when_the_policy_says_so() {
    // req: RP03-6.4-05, RP03-6.4-06
    let elsewhere = Uri::new("https://z.example/").unwrap();
    let anywhere = AssetPolicy { asset_upload_location: AssetUploadLocation::Unspecified, ..policy() };
    assert_eq!(anywhere.permits_location(&elsewhere, &domain("q.example")), Ok(()));
    let hub = AssetPolicy {
        asset_upload_location: AssetUploadLocation::Hub,
        upload_domains: vec![entry("hub.example", &["files.hub.example"])],
        ..policy()
    };
    let there = Uri::new("https://files.hub.example/1").unwrap();
    assert_eq!(hub.permits_location(&there, &domain("q.example")), Ok(()));
    assert!(hub.permits_location(&elsewhere, &domain("hub.example")).is_err());
}

#[test]
fn hosts_are_found_in_any_uri() {
    for (uri, host) in [
        ("https://a.b", Some("a.b")),
        ("https://a.b:1/c@d", Some("a.b")),
        ("https://u:p@a.b/", Some("a.b")),
        ("https://[2001:db8::7]:443/", Some("2001:db8::7")),
        ("https://a.b#c//d", Some("a.b")),
        ("mimi:x", None),
        ("x://:1/", None),
    ] {
        assert_eq!(host_of(&Uri::new(uri).unwrap()), host, "{uri}");
    }
}

#[test]
fn an_entry_without_parameters_covers_all_parameters() {
    // req: RP03-6.4-19
    let mut policy = AssetPolicy { forbidden_media_types: vec![media_type("text/markdown")], ..policy() };
    assert!(!policy.permits_media_type(&media_type("text/markdown;variant=GFM")));
    assert!(!policy.permits_media_type(&media_type("Text/Markdown")));
    policy.forbidden_media_types = vec![media_type("text/markdown;variant=GFM")];
    assert!(policy.permits_media_type(&media_type("text/markdown")));
    assert!(!policy.permits_media_type(&media_type("text/markdown;variant=GFM;charset=utf-8")));
}

#[test]
fn permitted_types_exclude_all_others_and_forbidden_types_win() {
    // req: RP03-6.4-17
    // req: RP03-6.4-18
    let mut policy = policy();
    assert!(policy.permits_media_type(&media_type("video/mp4")));
    assert!(!policy.permits_media_type(&media_type("image/svg+xml")));
    policy.permitted_media_types = Some(vec![media_type("image/png"), media_type("image/svg+xml")]);
    assert!(policy.permits_media_type(&media_type("image/png")));
    assert!(!policy.permits_media_type(&media_type("video/mp4")));
    assert!(!policy.permits_media_type(&media_type("image/svg+xml")));
    assert_eq!(policy.futile_media_types().collect::<Vec<_>>(), [&media_type("image/svg+xml")]);
    policy.permitted_media_types = Some(vec![]);
    assert!(!policy.permits_media_type(&media_type("image/png")));
}

#[test]
fn every_kind_has_its_own_largest_size() {
    // req: RP03-6.4-15
    let url = Uri::new("https://b.example/1").unwrap();
    for (kind, limit) in
        [(AssetKind::Image, 100), (AssetKind::Audio, 200), (AssetKind::Video, 300), (AssetKind::Attachment, 400)]
    {
        let upload = |size| policy().permits_upload(&url, &domain("b.example"), &media_type("x/y"), kind, size);
        assert_eq!(upload(limit), Ok(()));
        assert_eq!(upload(limit + 1), Err(AssetRefusal::TooLarge { kind, size: limit + 1, limit }));
    }
}

#[test]
fn media_type_and_disposition_decide_what_a_file_counts_as() {
    assert_eq!(AssetKind::of(&media_type("IMAGE/png"), true), AssetKind::Image);
    assert_eq!(AssetKind::of(&media_type("audio/ogg"), true), AssetKind::Audio);
    assert_eq!(AssetKind::of(&media_type("video/mp4"), true), AssetKind::Video);
    assert_eq!(AssetKind::of(&media_type("image/png"), false), AssetKind::Attachment);
    assert_eq!(AssetKind::of(&media_type("text/plain"), true), AssetKind::Attachment);
}

#[test]
fn an_update_is_the_new_policy() {
    assert_eq!(AssetPolicy::apply(None, &[policy()]), Ok(policy()));
}
