//! Calls of the client API: one gRPC channel over TLS, the access token on each call, and failures told apart by
//! whether the call may have had an effect.

use std::{future::Future, time::Duration};

use mimi_client_api::{
    AcknowledgeRequest, AssetPiece, ConveyConsentRequest, CreateRoomRequest, DeleteAccountRequest, DescribeRequest,
    DescribeResponse, DownloadRequest, FetchDiscoveryRequest, FetchDiscoveryResponse, FetchProfileRequest,
    FetchRoomStateRequest, FindUsersRequest, ForgetRoomRequest, IssueDiscoveryTokensRequest,
    IssueDiscoveryTokensResponse, ListConsentsRequest, ListConsentsResponse, Profile, QueuedEvent,
    RegisterMappingRequest, RegisterRequest, RegisterResponse, RemoveClientRequest, RoomCall, RoomReply, RoomState,
    SetAccountRequest, UploadKeyPackagesRequest, WatchRequest, client_api_client::ClientApiClient,
    convey_consent_response::Conveyed,
};
use tonic::{
    Code, Request, Response, Status, Streaming,
    metadata::{Ascii, MetadataValue},
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Uri},
};

use crate::{error::TransportError, state::account::Provider};

/// Trees and Welcomes of large rooms need more than gRPC's usual 4 MiB.
const MESSAGE_LIMIT: usize = 16 * 1024 * 1024;
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an answer may take; the provider may have to ask a hub, and that one another provider.
const ANSWER: Duration = Duration::from_secs(60);
/// How often a quiet connection is tested.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// The provider's client API, as one client uses it.
#[derive(Clone)]
pub(crate) struct Api {
    client: ClientApiClient<Channel>,
    token: Option<MetadataValue<Ascii>>,
}

impl Api {
    /// A channel to the provider, without a connection yet. Must run within a Tokio runtime.
    ///
    /// # Errors
    /// When the endpoint, the domain or the CA certificates cannot be used.
    pub(crate) fn new(provider: &Provider) -> Result<Self, TransportError> {
        let origin: Uri = format!("https://{}", provider.domain).parse().map_err(configuration)?;
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(&provider.ca_pem))
            .domain_name(provider.domain.as_str());
        let channel = Endpoint::from_shared(provider.endpoint.clone())
            .map_err(configuration)?
            .origin(origin)
            .tls_config(tls)
            .map_err(configuration)?
            .connect_timeout(CONNECT)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_while_idle(true)
            .connect_lazy();
        let client = ClientApiClient::new(channel)
            .max_decoding_message_size(MESSAGE_LIMIT)
            .max_encoding_message_size(MESSAGE_LIMIT);
        Ok(Self { client, token: None })
    }

    /// The same with the access token of a client.
    ///
    /// # Errors
    /// When the token cannot stand in a header.
    pub(crate) fn with_token(self, token: &str) -> Result<Self, TransportError> {
        let token = format!("Bearer {token}").parse().map_err(configuration)?;
        Ok(Self { token: Some(token), ..self })
    }

    pub(crate) async fn describe(&self) -> Result<DescribeResponse, TransportError> {
        let mut client = self.client.clone();
        answer(client.describe(self.request(DescribeRequest {}))).await
    }

    pub(crate) async fn register(&self, request: RegisterRequest) -> Result<RegisterResponse, TransportError> {
        let mut client = self.client.clone();
        answer(client.register(self.request(request))).await
    }

    pub(crate) async fn upload_key_packages(&self, key_packages: Vec<Vec<u8>>) -> Result<u32, TransportError> {
        let mut client = self.client.clone();
        let request = self.request(UploadKeyPackagesRequest { key_packages, replace: false });
        Ok(answer(client.upload_key_packages(request)).await?.available)
    }

    pub(crate) async fn replace_key_packages(&self, key_packages: Vec<Vec<u8>>) -> Result<u32, TransportError> {
        let mut client = self.client.clone();
        let request = self.request(UploadKeyPackagesRequest { key_packages, replace: true });
        Ok(answer(client.upload_key_packages(request)).await?.available)
    }

    pub(crate) async fn create_room(&self, request: CreateRoomRequest) -> Result<u64, TransportError> {
        let mut client = self.client.clone();
        Ok(answer(client.create_room(self.request(request))).await?.accepted_timestamp)
    }

    pub(crate) async fn fetch_room_state(&self, room_uri: String) -> Result<RoomState, TransportError> {
        let mut client = self.client.clone();
        answer(client.fetch_room_state(self.request(FetchRoomStateRequest { room_uri }))).await
    }

    pub(crate) async fn fetch_key_material(&self, call: RoomCall) -> Result<RoomReply, TransportError> {
        let mut client = self.client.clone();
        answer(client.fetch_key_material(self.request(call))).await
    }

    pub(crate) async fn update_room(&self, call: RoomCall) -> Result<RoomReply, TransportError> {
        let mut client = self.client.clone();
        answer(client.update_room(self.request(call))).await
    }

    pub(crate) async fn submit_message(&self, call: RoomCall) -> Result<RoomReply, TransportError> {
        let mut client = self.client.clone();
        answer(client.submit_message(self.request(call))).await
    }

    pub(crate) async fn fetch_group_info(&self, call: RoomCall) -> Result<RoomReply, TransportError> {
        let mut client = self.client.clone();
        answer(client.fetch_group_info(self.request(call))).await
    }

    pub(crate) async fn report_abuse(&self, call: RoomCall) -> Result<(), TransportError> {
        let mut client = self.client.clone();
        answer(client.report_abuse(self.request(call))).await.map(|_| ())
    }

    pub(crate) async fn download_asset(
        &self,
        request: DownloadRequest,
    ) -> Result<Streaming<AssetPiece>, TransportError> {
        let mut client = self.client.clone();
        answer(client.download_asset(self.request(request))).await
    }

    pub(crate) async fn convey_consent(&self, request: ConveyConsentRequest) -> Result<Conveyed, TransportError> {
        let mut client = self.client.clone();
        Ok(answer(client.convey_consent(self.request(request))).await?.conveyed())
    }

    pub(crate) async fn list_consents(&self) -> Result<ListConsentsResponse, TransportError> {
        let mut client = self.client.clone();
        answer(client.list_consents(self.request(ListConsentsRequest {}))).await
    }

    pub(crate) async fn find_users(&self, request: FindUsersRequest) -> Result<Vec<u8>, TransportError> {
        let mut client = self.client.clone();
        Ok(answer(client.find_users(self.request(request))).await?.body)
    }

    pub(crate) async fn set_profile(&self, profile: Profile) -> Result<Profile, TransportError> {
        let mut client = self.client.clone();
        answer(client.set_profile(self.request(profile))).await
    }

    pub(crate) async fn profile(&self) -> Result<Profile, TransportError> {
        let mut client = self.client.clone();
        answer(client.fetch_profile(self.request(FetchProfileRequest {}))).await
    }

    pub(crate) async fn set_account(&self, request: SetAccountRequest) -> Result<bool, TransportError> {
        let mut client = self.client.clone();
        Ok(answer(client.set_account(self.request(request))).await?.require_consent)
    }

    pub(crate) async fn remove_client(&self, client_uri: String, user_secret: String) -> Result<(), TransportError> {
        let mut client = self.client.clone();
        let request = self.request(RemoveClientRequest { client_uri, user_secret });
        answer(client.remove_client(request)).await.map(|_| ())
    }

    pub(crate) async fn delete_account(&self, user_secret: String) -> Result<(), TransportError> {
        let mut client = self.client.clone();
        answer(client.delete_account(self.request(DeleteAccountRequest { user_secret }))).await.map(|_| ())
    }

    pub(crate) async fn fetch_discovery(
        &self,
        request: FetchDiscoveryRequest,
    ) -> Result<FetchDiscoveryResponse, TransportError> {
        let mut client = self.client.clone();
        answer(client.fetch_discovery(self.request(request))).await
    }

    pub(crate) async fn issue_discovery_tokens(
        &self,
        request: IssueDiscoveryTokensRequest,
    ) -> Result<IssueDiscoveryTokensResponse, TransportError> {
        let mut client = self.client.clone();
        answer(client.issue_discovery_tokens(self.request(request))).await
    }

    pub(crate) async fn register_mapping(&self, request: RegisterMappingRequest) -> Result<Vec<u8>, TransportError> {
        let mut client = self.client.clone();
        Ok(answer(client.register_mapping(self.request(request))).await?.response)
    }

    pub(crate) async fn forget_room(&self, room_uri: String) -> Result<(), TransportError> {
        let mut client = self.client.clone();
        answer(client.forget_room(self.request(ForgetRoomRequest { room_uri }))).await.map(|_| ())
    }

    pub(crate) async fn acknowledge(&self, up_to: u64) -> Result<(), TransportError> {
        let mut client = self.client.clone();
        answer(client.acknowledge(self.request(AcknowledgeRequest { up_to }))).await.map(|_| ())
    }

    pub(crate) async fn drain(&self, after: u64) -> Result<Streaming<QueuedEvent>, TransportError> {
        let mut client = self.client.clone();
        answer(client.drain(self.request(WatchRequest { after }))).await
    }

    pub(crate) async fn watch(&self, after: u64) -> Result<Streaming<QueuedEvent>, TransportError> {
        let mut client = self.client.clone();
        answer(client.watch(self.request(WatchRequest { after }))).await
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(token) = &self.token {
            request.metadata_mut().insert("authorization", token.clone());
        }
        request
    }
}

async fn answer<T>(call: impl Future<Output = Result<Response<T>, Status>>) -> Result<T, TransportError> {
    match tokio::time::timeout(ANSWER, call).await {
        Ok(Ok(response)) => Ok(response.into_inner()),
        Ok(Err(status)) => Err(status.into()),
        Err(_) => Err(TransportError::AnswerLost(format!("none within {} s", ANSWER.as_secs()))),
    }
}

fn configuration(error: impl std::fmt::Display) -> TransportError {
    TransportError::Configuration(error.to_string())
}

impl From<Status> for TransportError {
    fn from(status: Status) -> Self {
        let message = match std::error::Error::source(&status) {
            Some(source) if status.message().is_empty() => source.to_string(),
            _ => status.message().to_owned(),
        };
        match status.code() {
            Code::Unauthenticated => Self::Unauthenticated(message),
            Code::Unavailable
            | Code::Unknown
            | Code::Internal
            | Code::Cancelled
            | Code::DeadlineExceeded
            | Code::DataLoss => Self::AnswerLost(message),
            code => Self::Refused { code: format!("{code:?}"), message },
        }
    }
}
