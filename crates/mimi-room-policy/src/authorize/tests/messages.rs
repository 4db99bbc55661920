//! Sections 8.3 to 8.5.

use super::*;

fn me(room: &Room, action: Action<'_>) -> Decision {
    let me = user("me");
    room.ask(&Actor::member(&me), &action)
}

#[test]
fn a_message_needs_can_send_message_and_a_member() {
    // req: RP03-8.3-01, RP03-8.3-22
    let room = Room::with(&[Cap::CAN_SEND_MESSAGE]);
    needs(Cap::CAN_SEND_MESSAGE, &room, |room| me(room, Action::Message));
    let (own, eve) = (user("me"), user("eve"));
    refused(&room.ask(&Actor::outside(&own), &Action::Message), "not-member");
    refused(&room.ask(&Actor::outside(&eve), &Action::Message), "not-participant");
    refused(&room.ask(&Actor::member(&eve), &Action::Message), "not-participant");
    refused(&room.ask(&Actor::Hub, &Action::Message), "not-participant");
}

#[test]
fn receiving_needs_can_receive_message() {
    // req: RP03-8.3-02, RP03-8.3-23
    needs(Cap::CAN_RECEIVE_MESSAGE, &Room::with(&[Cap::CAN_RECEIVE_MESSAGE]), |room| me(room, Action::Receive));
}

#[test]
fn reports_need_can_report_abuse() {
    // req: RP03-8.3-04
    needs(Cap::CAN_REPORT_ABUSE, &Room::with(&[Cap::CAN_REPORT_ABUSE]), |room| me(room, Action::ReportAbuse));
}

#[test]
fn each_kind_of_asset_and_each_direction_has_a_capability() {
    // req: RP03-8.4-01, RP03-8.4-02, RP03-8.4-03, RP03-8.4-04, RP03-8.4-05, RP03-8.4-06, RP03-8.4-07, RP03-8.4-08
    for (action, capability) in [
        (Action::Upload(AssetKind::Attachment), Cap::CAN_UPLOAD_ATTACHMENT),
        (Action::Download(AssetKind::Attachment), Cap::CAN_DOWNLOAD_ATTACHMENT),
        (Action::Upload(AssetKind::Image), Cap::CAN_UPLOAD_IMAGE),
        (Action::Download(AssetKind::Image), Cap::CAN_DOWNLOAD_IMAGE),
        (Action::Upload(AssetKind::Video), Cap::CAN_UPLOAD_VIDEO),
        (Action::Download(AssetKind::Video), Cap::CAN_DOWNLOAD_VIDEO),
        (Action::Upload(AssetKind::Audio), Cap::CAN_UPLOAD_AUDIO),
        (Action::Download(AssetKind::Audio), Cap::CAN_DOWNLOAD_AUDIO),
    ] {
        needs(capability, &Room::with(&[capability]), |room| me(room, action));
    }
}

#[test]
fn clients_ask_about_every_capability_that_only_they_enforce() {
    // req: RP03-8.3-03, RP03-8.3-05, RP03-8.3-06, RP03-8.3-07, RP03-8.3-08, RP03-8.3-09, RP03-8.3-10, RP03-8.3-11, RP03-8.3-12
    // req: RP03-8.3-13, RP03-8.3-14, RP03-8.3-15, RP03-8.3-16, RP03-8.3-17, RP03-8.3-18, RP03-8.3-19, RP03-8.3-20, RP03-8.3-21
    // req: RP03-8.3-24, RP03-8.5-01, RP03-8.5-02, RP03-8.5-03, RP03-8.5-04, RP03-8.5-05, RP03-8.5-06, RP03-8.5-07, RP03-8.5-08
    let for_clients: Vec<_> = Cap::registered().filter(|c| c.enforced_by() == Some(Enforcement::Clients)).collect();
    assert_eq!(for_clients.len(), 18 + 8 + 8, "8.3 without sending and receiving, 8.4 and 8.5");
    for capability in for_clients {
        needs(capability, &Room::with(&[capability]), |room| me(room, Action::Exercise(capability)));
    }
}

#[test]
fn reserved_and_unknown_capabilities_and_those_of_the_hub_are_not_exercised() {
    // req: RP03-8.7-01
    let all: Vec<_> = Cap::registered().filter(|capability| *capability != Cap::CAN_OPEN_JOIN).collect();
    let room = Room::with(&all);
    for capability in [Cap::CAN_SEND_DIRECT_MESSAGE, Cap(0xF123), Cap::CAN_SEND_MESSAGE, Cap::CAN_KICK] {
        refused(&me(&room, Action::Exercise(capability)), "not-for-clients");
    }
}
