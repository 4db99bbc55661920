//! The client API: what a client asks of its own provider, turned into the same calls that other providers make.
//!
//! A client speaks for itself alone: URIs of requesters and senders inside the bodies have to be the caller's.

use std::{pin::Pin, sync::Arc};

use mimi_arch::{ClientUri, RoomUri, UserUri};
use mimi_client_api::{
    Account, AcknowledgeRequest, AcknowledgeResponse, AssetPiece, ConveyConsentRequest, ConveyConsentResponse,
    CountKeyPackagesRequest, CreateRoomRequest, CreateRoomResponse, DeleteAccountRequest, DeleteAccountResponse,
    DescribeRequest, DescribeResponse, DownloadRequest, FetchDiscoveryRequest, FetchDiscoveryResponse,
    FetchProfileRequest, FetchRoomStateRequest, FindUsersRequest, FindUsersResponse, ForgetRoomRequest,
    ForgetRoomResponse, IssueDiscoveryTokensRequest, IssueDiscoveryTokensResponse, KeyPackageStock,
    ListConsentsRequest, ListConsentsResponse, Profile, QueuedEvent, RegisterMappingRequest, RegisterMappingResponse,
    RegisterRequest, RegisterResponse, RemoveClientRequest, RemoveClientResponse, RoomCall, RoomReply, RoomState,
    SetAccountRequest, UploadKeyPackagesRequest, UploadKeyPackagesResponse, WatchRequest, client_api_server::ClientApi,
};
use mimi_ds::{Effect, StoreError};
use mimi_protocol::{
    codec::Wire,
    group_info::GroupInfoRequestIn,
    key_material::KeyMaterialRequestIn,
    mls::{GroupInfo, KeyPackage, RatchetTree},
    report_abuse::AbuseReport,
    submit_message::SubmitMessageRequest,
    update::UpdateRequest,
};
use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};

use crate::{
    accounts::{self, RegisterError},
    clock, hub_calls,
    hub_calls::CallError,
    key_material,
    provider::Core,
    proxy_download, report_abuse,
};

mod discovery;
mod people;

/// How many key packages one upload may hold.
const KEY_PACKAGES_PER_UPLOAD: usize = 256;
/// How many events are read from the queue at a time.
const EVENTS_PER_READ: usize = 64;

/// The service, one for all connections.
#[derive(Clone)]
pub(crate) struct Service {
    core: Arc<Core>,
}

pub(crate) type AssetStream = Pin<Box<dyn Stream<Item = Result<AssetPiece, Status>> + Send>>;
type EventStream = Pin<Box<dyn Stream<Item = Result<QueuedEvent, Status>> + Send>>;

impl Service {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// The client that calls, by its bearer token.
    async fn caller<T>(&self, request: &Request<T>) -> Result<ClientUri, Status> {
        let token = request
            .metadata()
            .get("authorization")
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or_else(|| Status::unauthenticated("the call carries no token: register first"))?
            .to_owned();
        let store = self.core.store.clone();
        let client = self
            .core
            .blocking(move || accounts::authenticate(&*store, &token))
            .await
            .map_err(store_status)?
            .ok_or_else(|| Status::unauthenticated("the token is not one of ours"))?;
        if let Some(user) = client.user() {
            self.core.limit_user(&user)?;
        }
        Ok(client)
    }

    /// The user whose client calls.
    async fn user<T>(&self, request: &Request<T>) -> Result<UserUri, Status> {
        let client = self.caller(request).await?;
        client.user().ok_or_else(|| Status::internal("the client is of no user"))
    }

    /// What others can claim of a client.
    async fn stock(&self, client: ClientUri) -> Result<KeyPackageStock, Status> {
        let (store, now) = (self.core.store.clone(), clock::now().0 / 1000);
        let stock = self.core.blocking(move || store.key_package_stock(&client, now)).await.map_err(store_status)?;
        let count = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        Ok(KeyPackageStock {
            available: count(stock.ordinary),
            last_resort: count(stock.last_resort),
            low: stock.ordinary < self.core.low_key_packages,
        })
    }

    /// Streams the queue after `after`; ends when it is empty if `drain`.
    fn events(&self, client: ClientUri, after: u64, drain: bool) -> EventStream {
        let (sender, receiver) = mpsc::channel(EVENTS_PER_READ);
        let core = self.core.clone();
        self.core.runtime.spawn(async move {
            tokio::select! {
                () = stream_queue(&core, client, after, drain, &sender) => {}
                () = core.stopped() => {
                    let _ = sender.try_send(Err(Status::unavailable("the provider stops")));
                }
                () = sender.closed() => {}
            }
        });
        Box::pin(ReceiverStream::new(receiver))
    }
}

async fn stream_queue(
    core: &Arc<Core>,
    client: ClientUri,
    mut after: u64,
    drain: bool,
    sender: &mpsc::Sender<Result<QueuedEvent, Status>>,
) {
    let mut changed = core.watchers.subscribe(&client);
    loop {
        let (store, of) = (core.store.clone(), client.clone());
        let rows = match core.blocking(move || store.queue(&of, after, EVENTS_PER_READ)).await {
            Ok(rows) => rows,
            Err(error) => {
                let _ = sender.send(Err(store_status(error))).await;
                return;
            }
        };
        if rows.is_empty() {
            if drain || changed.changed().await.is_err() {
                return;
            }
            continue;
        }
        for row in rows {
            after = row.id;
            let event = QueuedEvent {
                id: row.id,
                room_uri: row.room.to_string(),
                fanout_message: row.message,
                dropped: row.dropped,
            };
            if sender.send(Ok(event)).await.is_err() {
                return;
            }
        }
    }
}

#[tonic::async_trait]
impl ClientApi for Service {
    type WatchStream = EventStream;
    type DrainStream = EventStream;

    async fn describe(&self, _: Request<DescribeRequest>) -> Result<Response<DescribeResponse>, Status> {
        let external_sender = encode(&self.core.identity.external_sender)?;
        Ok(Response::new(DescribeResponse { domain: self.core.domain.to_string(), external_sender }))
    }

    async fn register(&self, request: Request<RegisterRequest>) -> Result<Response<RegisterResponse>, Status> {
        self.core.limit_registration()?;
        let RegisterRequest { user, client, user_secret } = request.into_inner();
        let core = self.core.clone();
        let registered = self
            .core
            .runtime
            .spawn_blocking(move || accounts::register(&*core.store, &core.domain, &user, &client, &user_secret))
            .await
            .map_err(|_| Status::internal("the registration was interrupted"))?;
        let registered = registered.map_err(|error| match error {
            RegisterError::Name(_) => Status::invalid_argument(error.to_string()),
            RegisterError::UserExists | RegisterError::ClientExists => Status::already_exists(error.to_string()),
            RegisterError::WrongSecret => Status::permission_denied(error.to_string()),
            RegisterError::Store(error) => store_status(error),
        })?;
        Ok(Response::new(RegisterResponse {
            user_uri: registered.user.to_string(),
            client_uri: registered.client.to_string(),
            token: registered.token,
            user_secret: registered.user_secret,
        }))
    }

    async fn upload_key_packages(
        &self,
        request: Request<UploadKeyPackagesRequest>,
    ) -> Result<Response<UploadKeyPackagesResponse>, Status> {
        let client = self.caller(&request).await?;
        let UploadKeyPackagesRequest { key_packages: packages, replace } = request.into_inner();
        if packages.len() > KEY_PACKAGES_PER_UPLOAD {
            return Err(Status::invalid_argument(format!("at most {KEY_PACKAGES_PER_UPLOAD} key packages an upload")));
        }
        let now = clock::now().0 / 1000;
        let mut effects = Vec::with_capacity(packages.len());
        for octets in packages {
            let package = KeyPackage::from_bytes(&octets).map_err(malformed)?;
            let effect = key_material::check_upload(&client, package)
                .map_err(|error| Status::invalid_argument(error.to_string()))?;
            effects.push(effect);
        }
        let core = self.core.clone();
        let available = self
            .core
            .blocking(move || {
                let user = client.user().ok_or(StoreError::Closed)?;
                if replace {
                    let held = core.store.key_packages(&user)?.into_iter().filter(|package| package.client == client);
                    let dropped = held.map(|package| Effect::DropKeyPackage { reference: package.reference });
                    effects.splice(0..0, dropped.collect::<Vec<_>>());
                }
                core.submit(effects).wait()?;
                let held = core.store.key_packages(&user)?;
                Ok(held.iter().filter(|package| package.client == client && package.not_after > now).count())
            })
            .await
            .map_err(store_status)?;
        Ok(Response::new(UploadKeyPackagesResponse { available: u32::try_from(available).unwrap_or(u32::MAX) }))
    }

    async fn count_key_packages(
        &self,
        request: Request<CountKeyPackagesRequest>,
    ) -> Result<Response<KeyPackageStock>, Status> {
        let client = self.caller(&request).await?;
        self.stock(client).await.map(Response::new)
    }

    async fn create_room(&self, request: Request<CreateRoomRequest>) -> Result<Response<CreateRoomResponse>, Status> {
        let client = self.caller(&request).await?;
        let CreateRoomRequest { room_uri, group_info, ratchet_tree } = request.into_inner();
        let room = room(&room_uri)?;
        let group_info = GroupInfo::from_bytes(&group_info).map_err(malformed)?;
        let tree = RatchetTree::from_bytes(&ratchet_tree).map_err(malformed)?;
        let accepted = hub_calls::create(&self.core, client, room, group_info, tree).await?;
        Ok(Response::new(CreateRoomResponse { accepted_timestamp: accepted.0 }))
    }

    async fn fetch_room_state(&self, request: Request<FetchRoomStateRequest>) -> Result<Response<RoomState>, Status> {
        let client = self.caller(&request).await?;
        let room = room(&request.into_inner().room_uri)?;
        let next = hub_calls::next_group(&self.core, client, room).await?;
        Ok(Response::new(RoomState { group_number: next.number, app_data_dictionary: encode(&next.dictionary)? }))
    }

    async fn fetch_key_material(&self, request: Request<RoomCall>) -> Result<Response<RoomReply>, Status> {
        let client = self.caller(&request).await?;
        let RoomCall { room_uri, target_user, body } = request.into_inner();
        let room = room(&room_uri)?;
        let target: UserUri = target_user.parse().map_err(invalid)?;
        let request = KeyMaterialRequestIn::from_bytes(&body).map_err(malformed)?;
        key_material::check_own(&client, &room, &target, &request).map_err(Status::permission_denied)?;
        let response = if room.domain() == &self.core.domain {
            key_material::fetch(&self.core, &self.core.domain, &target, request).await?
        } else {
            self.core.peers.key_material(room.domain(), &target, body).await.map_err(CallError::Peer)?
        };
        reply(&response)
    }

    async fn update_room(&self, request: Request<RoomCall>) -> Result<Response<RoomReply>, Status> {
        let client = self.caller(&request).await?;
        let RoomCall { room_uri, body, .. } = request.into_inner();
        let room = room(&room_uri)?;
        let update = UpdateRequest::from_bytes(&body).map_err(malformed)?;
        reply(&hub_calls::update_as_client(&self.core, client, room, update).await?)
    }

    async fn submit_message(&self, request: Request<RoomCall>) -> Result<Response<RoomReply>, Status> {
        let client = self.caller(&request).await?;
        let RoomCall { room_uri, body, .. } = request.into_inner();
        let room = room(&room_uri)?;
        let message = SubmitMessageRequest::from_bytes(&body).map_err(malformed)?;
        if client.user().map(|user| user.to_string()).as_deref() != Some(message.sending_uri.as_str()) {
            return Err(Status::permission_denied("sendingUri is not the caller's user"));
        }
        let response = if room.domain() == &self.core.domain {
            hub_calls::submit(&self.core, self.core.domain.clone(), room, message).await?
        } else {
            self.core.peers.submit_message(room.domain(), &room, body).await.map_err(CallError::Peer)?
        };
        reply(&response)
    }

    async fn fetch_group_info(&self, request: Request<RoomCall>) -> Result<Response<RoomReply>, Status> {
        self.caller(&request).await?;
        let RoomCall { room_uri, body, .. } = request.into_inner();
        let room = room(&room_uri)?;
        let ask = GroupInfoRequestIn::from_bytes(&body).map_err(malformed)?;
        let answer = if room.domain() == &self.core.domain {
            hub_calls::group_info(&self.core, self.core.domain.clone(), room, ask).await?
        } else {
            let answer = self.core.peers.group_info(room.domain(), &room, body).await.map_err(CallError::Peer)?;
            answer.unverified().clone()
        };
        let body = answer.to_bytes().map_err(|error| Status::internal(error.to_string()))?;
        Ok(Response::new(RoomReply { body }))
    }

    async fn report_abuse(&self, request: Request<RoomCall>) -> Result<Response<RoomReply>, Status> {
        let client = self.caller(&request).await?;
        let RoomCall { room_uri, body, .. } = request.into_inner();
        let room = room(&room_uri)?;
        let report = AbuseReport::from_bytes(&body).map_err(malformed)?;
        let caller = client.user().map(|user| user.to_string());
        if report.reporter().is_some_and(|reporter| Some(reporter.as_str()) != caller.as_deref()) {
            return Err(Status::permission_denied("reportingUser is not the caller's user"));
        }
        if room.domain() == &self.core.domain {
            report_abuse::take(&self.core, self.core.domain.clone(), room, report).await?;
        } else {
            let sent = self.core.peers.report_abuse(room.domain(), &room, &report).await;
            sent.map_err(CallError::Peer)?;
        }
        Ok(Response::new(RoomReply::default()))
    }

    type DownloadAssetStream = AssetStream;

    async fn download_asset(&self, request: Request<DownloadRequest>) -> Result<Response<AssetStream>, Status> {
        let client = self.caller(&request).await?;
        let DownloadRequest { room_uri, url } = request.into_inner();
        let room = room(&room_uri)?;
        if !hub_calls::is_member(&self.core, &room, &client).await? {
            return Err(Status::permission_denied("the caller is not a member of the room"));
        }
        let pieces = proxy_download::for_client(&self.core, room.domain(), &url).await?;
        Ok(Response::new(pieces))
    }

    async fn forget_room(&self, request: Request<ForgetRoomRequest>) -> Result<Response<ForgetRoomResponse>, Status> {
        let client = self.caller(&request).await?;
        let room = room(&request.into_inner().room_uri)?;
        let store = self.core.store.clone();
        self.core
            .blocking(move || {
                // What is still in the queue may bring the client back into the room: a Welcome that crossed this call.
                let waiting = store.queue(&client, 0, usize::MAX)?.iter().any(|row| row.room == room);
                if waiting { Ok(()) } else { store.commit(vec![Effect::LeaveLocal { room, client }]) }
            })
            .await
            .map_err(store_status)?;
        Ok(Response::new(ForgetRoomResponse {}))
    }

    async fn convey_consent(
        &self,
        request: Request<ConveyConsentRequest>,
    ) -> Result<Response<ConveyConsentResponse>, Status> {
        let user = self.user(&request).await?;
        people::convey_consent(&self.core, user, request.into_inner()).await.map(Response::new)
    }

    async fn list_consents(
        &self,
        request: Request<ListConsentsRequest>,
    ) -> Result<Response<ListConsentsResponse>, Status> {
        let user = self.user(&request).await?;
        people::list_consents(&self.core, user).await.map(Response::new)
    }

    async fn find_users(&self, request: Request<FindUsersRequest>) -> Result<Response<FindUsersResponse>, Status> {
        self.caller(&request).await?;
        people::find_users(&self.core, request.into_inner()).await.map(Response::new)
    }

    async fn set_profile(&self, request: Request<Profile>) -> Result<Response<Profile>, Status> {
        let user = self.user(&request).await?;
        people::set_profile(&self.core, user, request.into_inner()).await.map(Response::new)
    }

    async fn fetch_profile(&self, request: Request<FetchProfileRequest>) -> Result<Response<Profile>, Status> {
        let user = self.user(&request).await?;
        people::fetch_profile(&self.core, user).await.map(Response::new)
    }

    async fn set_account(&self, request: Request<SetAccountRequest>) -> Result<Response<Account>, Status> {
        let user = self.user(&request).await?;
        people::set_account(&self.core, user, request.into_inner().require_consent).await.map(Response::new)
    }

    async fn fetch_discovery(
        &self,
        request: Request<FetchDiscoveryRequest>,
    ) -> Result<Response<FetchDiscoveryResponse>, Status> {
        self.caller(&request).await?;
        discovery::fetch(&self.core, request.into_inner()).await.map(Response::new)
    }

    async fn issue_discovery_tokens(
        &self,
        request: Request<IssueDiscoveryTokensRequest>,
    ) -> Result<Response<IssueDiscoveryTokensResponse>, Status> {
        let user = self.user(&request).await?;
        discovery::issue(&self.core, user, request.into_inner()).await.map(Response::new)
    }

    async fn register_mapping(
        &self,
        request: Request<RegisterMappingRequest>,
    ) -> Result<Response<RegisterMappingResponse>, Status> {
        self.caller(&request).await?;
        discovery::register(&self.core, request.into_inner()).await.map(Response::new)
    }

    async fn remove_client(
        &self,
        request: Request<RemoveClientRequest>,
    ) -> Result<Response<RemoveClientResponse>, Status> {
        let caller = self.caller(&request).await?;
        people::remove_client(&self.core, caller, request.into_inner()).await?;
        Ok(Response::new(RemoveClientResponse {}))
    }

    async fn delete_account(
        &self,
        request: Request<DeleteAccountRequest>,
    ) -> Result<Response<DeleteAccountResponse>, Status> {
        let user = self.user(&request).await?;
        people::delete_account(&self.core, user, request.into_inner().user_secret).await?;
        Ok(Response::new(DeleteAccountResponse {}))
    }

    async fn watch(&self, request: Request<WatchRequest>) -> Result<Response<EventStream>, Status> {
        let client = self.caller(&request).await?;
        Ok(Response::new(self.events(client, request.into_inner().after, false)))
    }

    async fn drain(&self, request: Request<WatchRequest>) -> Result<Response<EventStream>, Status> {
        let client = self.caller(&request).await?;
        Ok(Response::new(self.events(client, request.into_inner().after, true)))
    }

    async fn acknowledge(&self, request: Request<AcknowledgeRequest>) -> Result<Response<AcknowledgeResponse>, Status> {
        let client = self.caller(&request).await?;
        let up_to = request.into_inner().up_to;
        let (store, of) = (self.core.store.clone(), client.clone());
        self.core
            .blocking(move || store.commit(vec![Effect::Acknowledge { client: of, up_to }]))
            .await
            .map_err(store_status)?;
        let key_packages = Some(self.stock(client).await?);
        Ok(Response::new(AcknowledgeResponse { key_packages }))
    }
}

fn room(text: &str) -> Result<RoomUri, Status> {
    text.parse().map_err(invalid)
}

pub(super) fn invalid(error: mimi_arch::UriError) -> Status {
    Status::invalid_argument(error.to_string())
}

fn malformed(error: mimi_protocol::codec::DecodeError) -> Status {
    Status::invalid_argument(error.to_string())
}

fn store_status(error: StoreError) -> Status {
    CallError::Store(error).into()
}

fn encode(value: &impl Wire) -> Result<Vec<u8>, Status> {
    value.to_bytes().map_err(|error| Status::internal(error.to_string()))
}

fn reply(value: &impl Wire) -> Result<Response<RoomReply>, Status> {
    Ok(Response::new(RoomReply { body: encode(value)? }))
}
