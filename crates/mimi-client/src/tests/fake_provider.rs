//! A provider's client API with prepared answers, behind real TLS: for what a real one does not do when asked.

use std::sync::{Arc, Mutex};

use mimi_client_api::{
    Account, AcknowledgeRequest, AcknowledgeResponse, AssetPiece, ConveyConsentRequest, ConveyConsentResponse,
    CountKeyPackagesRequest, CreateRoomRequest, CreateRoomResponse, DeleteAccountRequest, DeleteAccountResponse,
    DescribeRequest, DescribeResponse, DownloadRequest, FetchDiscoveryRequest, FetchDiscoveryResponse,
    FetchProfileRequest, FetchRoomStateRequest, FindUsersRequest, FindUsersResponse, ForgetRoomRequest,
    ForgetRoomResponse, IssueDiscoveryTokensRequest, IssueDiscoveryTokensResponse, KeyPackageStock,
    ListConsentsRequest, ListConsentsResponse, Profile, QueuedEvent, RegisterMappingRequest, RegisterMappingResponse,
    RegisterRequest, RegisterResponse, RemoveClientRequest, RemoveClientResponse, RoomCall, RoomReply, RoomState,
    SetAccountRequest, UploadKeyPackagesRequest, UploadKeyPackagesResponse, WatchRequest,
    client_api_server::{ClientApi, ClientApiServer},
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    Code, Request, Response, Status,
    transport::{Identity, Server, ServerTlsConfig},
};

use super::Hub;
use crate::{ClientConfig, mls::create::Founding};

type Events = tokio_stream::Iter<std::vec::IntoIter<Result<QueuedEvent, Status>>>;

/// What the provider answers and what it saw.
#[derive(Default)]
pub(super) struct Script {
    pub(super) update: Option<Result<Vec<u8>, Code>>,
    /// How often it was asked for an update.
    pub(super) updates: usize,
    /// The first update is answered with this in place of `update`, and these events come by then.
    pub(super) surprise: Option<(Vec<u8>, Vec<QueuedEvent>)>,
    pub(super) queue: Vec<QueuedEvent>,
    pub(super) queue_breaks: bool,
    pub(super) acknowledged: Vec<u64>,
    pub(super) key_packages: usize,
    pub(super) founding: Option<Founding>,
}

pub(super) struct FakeProvider {
    pub(super) script: Arc<Mutex<Script>>,
    pub(super) endpoint: String,
    pub(super) ca_pem: Vec<u8>,
}

impl FakeProvider {
    /// Starts one whose certificate names the domain.
    pub(super) async fn start(domain: &str) -> Self {
        let mut ca = CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![domain.to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
        let identity = Identity::from_pem(certificate.pem(), key.serialize_pem());

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("https://{}", listener.local_addr().unwrap());
        let script = Arc::new(Mutex::new(Script::default()));
        let service = ClientApiServer::new(Service(Arc::clone(&script))).max_decoding_message_size(1 << 24);
        let server = Server::builder()
            .tls_config(ServerTlsConfig::new().identity(identity))
            .unwrap()
            .add_service(service.max_encoding_message_size(1 << 24));
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        Self { script, endpoint, ca_pem: ca.pem().into_bytes() }
    }

    pub(super) fn config(&self, folder: &std::path::Path) -> ClientConfig {
        ClientConfig {
            state: folder.join("state.sqlite"),
            endpoint: self.endpoint.clone(),
            domain: "a.example".parse().unwrap(),
            ca_pem: self.ca_pem.clone(),
        }
    }
}

struct Service(Arc<Mutex<Script>>);

impl Service {
    fn script<T>(&self, request: &Request<T>) -> Result<std::sync::MutexGuard<'_, Script>, Status> {
        match request.metadata().get("authorization").and_then(|value| value.to_str().ok()) {
            Some("Bearer the-token") => Ok(self.0.lock().unwrap()),
            _ => Err(Status::unauthenticated("no such token")),
        }
    }

    fn events(&self, request: Request<WatchRequest>) -> Result<Response<Events>, Status> {
        let script = self.script(&request)?;
        let after = request.get_ref().after;
        let mut events: Vec<_> = script.queue.iter().filter(|event| event.id > after).cloned().map(Ok).collect();
        if script.queue_breaks {
            events.push(Err(Status::unavailable("the provider goes away")));
        }
        Ok(Response::new(tokio_stream::iter(events)))
    }
}

#[tonic::async_trait]
impl ClientApi for Service {
    async fn describe(&self, _: Request<DescribeRequest>) -> Result<Response<DescribeResponse>, Status> {
        let external_sender = Hub::new().external_sender();
        Ok(Response::new(DescribeResponse { domain: "a.example".into(), external_sender }))
    }

    async fn register(&self, request: Request<RegisterRequest>) -> Result<Response<RegisterResponse>, Status> {
        let request = request.into_inner();
        Ok(Response::new(RegisterResponse {
            user_uri: format!("mimi://a.example/u/{}", request.user),
            client_uri: format!("mimi://a.example/d/{}/{}", request.user, request.client),
            token: "the-token".into(),
            user_secret: "the-secret".into(),
        }))
    }

    async fn upload_key_packages(
        &self,
        request: Request<UploadKeyPackagesRequest>,
    ) -> Result<Response<UploadKeyPackagesResponse>, Status> {
        let mut script = self.script(&request)?;
        if request.get_ref().replace {
            script.key_packages = 0;
        }
        script.key_packages += request.get_ref().key_packages.len();
        let available = u32::try_from(script.key_packages).unwrap();
        Ok(Response::new(UploadKeyPackagesResponse { available }))
    }

    async fn count_key_packages(
        &self,
        request: Request<CountKeyPackagesRequest>,
    ) -> Result<Response<KeyPackageStock>, Status> {
        let available = u32::try_from(self.script(&request)?.key_packages).unwrap();
        Ok(Response::new(KeyPackageStock { available, last_resort: 0, low: available < 8 }))
    }

    async fn fetch_room_state(&self, _: Request<FetchRoomStateRequest>) -> Result<Response<RoomState>, Status> {
        Err(Status::unimplemented("not needed here"))
    }

    async fn create_room(&self, request: Request<CreateRoomRequest>) -> Result<Response<CreateRoomResponse>, Status> {
        use mimi_protocol::codec::Wire as _;
        let mut script = self.script(&request)?;
        let request = request.get_ref();
        script.founding = Some(Founding {
            group_info: mimi_protocol::mls::GroupInfo::from_bytes(&request.group_info).unwrap(),
            ratchet_tree: mimi_protocol::mls::RatchetTree::from_bytes(&request.ratchet_tree).unwrap(),
        });
        Ok(Response::new(CreateRoomResponse { accepted_timestamp: 1 }))
    }

    async fn fetch_key_material(&self, _: Request<RoomCall>) -> Result<Response<RoomReply>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn update_room(&self, request: Request<RoomCall>) -> Result<Response<RoomReply>, Status> {
        let mut script = self.script(&request)?;
        script.updates += 1;
        if let Some((body, events)) = script.surprise.take() {
            script.queue.extend(events);
            return Ok(Response::new(RoomReply { body }));
        }
        match &script.update {
            Some(Ok(body)) => Ok(Response::new(RoomReply { body: body.clone() })),
            Some(Err(code)) => Err(Status::new(*code, "as the script says")),
            None => Err(Status::unimplemented("")),
        }
    }

    async fn submit_message(&self, _: Request<RoomCall>) -> Result<Response<RoomReply>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn fetch_group_info(&self, _: Request<RoomCall>) -> Result<Response<RoomReply>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn report_abuse(&self, _: Request<RoomCall>) -> Result<Response<RoomReply>, Status> {
        Err(Status::unimplemented(""))
    }

    type DownloadAssetStream = tokio_stream::Empty<Result<AssetPiece, Status>>;

    async fn download_asset(&self, _: Request<DownloadRequest>) -> Result<Response<Self::DownloadAssetStream>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn convey_consent(
        &self,
        _: Request<ConveyConsentRequest>,
    ) -> Result<Response<ConveyConsentResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn list_consents(&self, _: Request<ListConsentsRequest>) -> Result<Response<ListConsentsResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn find_users(&self, _: Request<FindUsersRequest>) -> Result<Response<FindUsersResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn fetch_discovery(
        &self,
        _: Request<FetchDiscoveryRequest>,
    ) -> Result<Response<FetchDiscoveryResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn issue_discovery_tokens(
        &self,
        _: Request<IssueDiscoveryTokensRequest>,
    ) -> Result<Response<IssueDiscoveryTokensResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn register_mapping(
        &self,
        _: Request<RegisterMappingRequest>,
    ) -> Result<Response<RegisterMappingResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn set_profile(&self, _: Request<Profile>) -> Result<Response<Profile>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn fetch_profile(&self, _: Request<FetchProfileRequest>) -> Result<Response<Profile>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn set_account(&self, _: Request<SetAccountRequest>) -> Result<Response<Account>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn remove_client(&self, _: Request<RemoveClientRequest>) -> Result<Response<RemoveClientResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn delete_account(
        &self,
        _: Request<DeleteAccountRequest>,
    ) -> Result<Response<DeleteAccountResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn forget_room(&self, _: Request<ForgetRoomRequest>) -> Result<Response<ForgetRoomResponse>, Status> {
        Ok(Response::new(ForgetRoomResponse {}))
    }

    type WatchStream = Events;

    async fn watch(&self, request: Request<WatchRequest>) -> Result<Response<Events>, Status> {
        self.events(request)
    }

    type DrainStream = Events;

    async fn drain(&self, request: Request<WatchRequest>) -> Result<Response<Events>, Status> {
        self.events(request)
    }

    async fn acknowledge(&self, request: Request<AcknowledgeRequest>) -> Result<Response<AcknowledgeResponse>, Status> {
        self.script(&request)?.acknowledged.push(request.get_ref().up_to);
        Ok(Response::new(AcknowledgeResponse::default()))
    }
}
