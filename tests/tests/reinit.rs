//! A group is reinitialized at a provider, which is killed before the room goes on with the next one. The clients of the library make no ReInit, so
//! that a client of this test's own speaks to the provider.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_arch::{Domain, RoomUri};
use mimi_client_api::{
    CreateRoomRequest, DescribeRequest, RegisterRequest, RoomCall, client_api_client::ClientApiClient,
};
use mimi_protocol::{
    Wire,
    mls::{ExternalSender, ReInit},
    submit_message::{SubmitMessageRequest, SubmitMessageResponse},
    update::{UpdateRequest, UpdateRoomResponse},
};
use mimi_tests::Cluster;
use tonic::{
    Code, Request, Status,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint},
};

#[allow(dead_code, unused_imports)]
#[path = "../../crates/mimi-ds/tests/it/reinit_commit.rs"]
mod reinit_commit;
#[allow(dead_code, unused_imports)]
#[path = "../../crates/mimi-ds/tests/it/support.rs"]
mod support;

use support::{Client, RoomShape, SUITE};

const BINARY: &str = env!("CARGO_BIN_EXE_mimi-under-test");
const HUB: &str = "a.example";

/// The client API of the hub, call by call.
struct Api {
    client: ClientApiClient<Channel>,
    token: Option<String>,
}

impl Api {
    fn new(cluster: &Cluster) -> Self {
        let config = cluster.client_config(HUB, "none");
        let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&config.ca_pem)).domain_name(HUB);
        let endpoint =
            Endpoint::from_shared(config.endpoint).unwrap().origin(format!("https://{HUB}").parse().unwrap());
        Self { client: ClientApiClient::new(endpoint.tls_config(tls).unwrap().connect_lazy()), token: None }
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(token) = &self.token {
            request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        request
    }

    /// Another client of alice; the secret of the account, for the next one.
    async fn register(&mut self, client: &str, secret: &str) -> String {
        let (user, client, user_secret) = ("alice".to_owned(), client.to_owned(), secret.to_owned());
        let request = self.request(RegisterRequest { user, client, user_secret });
        let answer = self.client.register(request).await.unwrap().into_inner();
        self.token = Some(answer.token);
        answer.user_secret
    }

    async fn external_sender(&mut self) -> ExternalSender {
        let request = self.request(DescribeRequest {});
        let answer = self.client.describe(request).await.unwrap().into_inner();
        ExternalSender::from_bytes(&answer.external_sender).unwrap()
    }

    async fn create(
        &mut self,
        client: &mut Client,
        room: &RoomUri,
        number: u32,
    ) -> Result<mimi_protocol::mls::GroupInfo, Status> {
        let external_sender = self.external_sender().await;
        let shape = RoomShape { group_id: room.group_id(number), external_sender, ..RoomShape::of(client) };
        let (info, tree) = client.create(&shape);
        let (group_info, ratchet_tree) = (info.to_bytes().unwrap(), tree.to_bytes().unwrap());
        let request = self.request(CreateRoomRequest { room_uri: room.to_string(), group_info, ratchet_tree });
        self.client.create_room(request).await?;
        Ok(info)
    }

    async fn update(&mut self, room: &RoomUri, request: &UpdateRequest) -> UpdateRoomResponse {
        let call =
            RoomCall { room_uri: room.to_string(), target_user: String::new(), body: request.to_bytes().unwrap() };
        let request = self.request(call);
        let answer = self.client.update_room(request).await.unwrap().into_inner();
        UpdateRoomResponse::from_bytes(&answer.body).unwrap()
    }

    async fn send(&mut self, client: &mut Client, room: &RoomUri) -> SubmitMessageResponse {
        let message = SubmitMessageRequest { app_message: client.seal("hello"), sending_uri: client.user().into() };
        let call =
            RoomCall { room_uri: room.to_string(), target_user: String::new(), body: message.to_bytes().unwrap() };
        let request = self.request(call);
        let answer = self.client.submit_message(request).await.unwrap().into_inner();
        SubmitMessageResponse::from_bytes(&answer.body).unwrap()
    }
}

// req: DS06-4.8-03, RP03-8.6-05
#[tokio::test]
async fn a_room_goes_on_with_the_group_that_a_reinit_names_also_after_a_crash() {
    let mut cluster = Cluster::start(BINARY, &[HUB]);
    let hub: Domain = HUB.parse().unwrap();
    let room: RoomUri = format!("mimi://{hub}/r/clubhouse").parse().unwrap();
    let mut api = Api::new(&cluster);
    let secret = api.register("1", "").await;
    let mut alice = Client::new("mimi://a.example/d/alice/1");
    let group = api.create(&mut alice, &room, 1).await.unwrap();
    assert!(matches!(api.send(&mut alice, &room).await, SubmitMessageResponse::Accepted { .. }));

    let extensions = group.group_context().extensions.clone();
    let reinit =
        |number| ReInit { group_id: room.group_id(number), cipher_suite: SUITE, extensions: extensions.clone() };
    let commit = |number| UpdateRequest(reinit_commit::commit(&alice, &group, &reinit(number)));
    // Not to a group that is not the room's next one.
    let refused = api.update(&room, &commit(3)).await;
    assert!(
        matches!(&refused, UpdateRoomResponse::NotAllowed { error_description } if error_description.contains("next one")),
        "{refused:?}"
    );
    assert!(matches!(api.update(&room, &commit(2)).await, UpdateRoomResponse::Success { .. }));
    assert!(matches!(api.update(&room, &commit(2)).await, UpdateRoomResponse::NotAllowed { .. }));
    assert_eq!(api.send(&mut alice, &room).await, SubmitMessageResponse::NotAllowed);

    cluster.kill_and_restart(HUB);
    let mut api = Api::new(&cluster);
    api.register("2", &secret).await;
    let mut tablet = Client::new("mimi://a.example/d/alice/2");
    let other = api.create(&mut tablet, &room, 3).await.unwrap_err();
    assert_ne!(other.code(), Code::Ok, "{other}");
    api.create(&mut tablet, &room, 2).await.unwrap();
    assert!(matches!(api.send(&mut tablet, &room).await, SubmitMessageResponse::Accepted { .. }));
}
