//! The part of the client API that is about discovery of users.

use std::sync::Arc;

use mimi_arch::UserUri;
use mimi_client_api::{
    FetchDiscoveryRequest, FetchDiscoveryResponse, IssueDiscoveryTokensRequest, IssueDiscoveryTokensResponse,
    RegisterMappingRequest, RegisterMappingResponse,
};
use mimi_discovery::paths;
use tonic::Status;

use crate::{discovery, provider::Core};

pub(super) async fn fetch(core: &Arc<Core>, request: FetchDiscoveryRequest) -> Result<FetchDiscoveryResponse, Status> {
    let (dp, known) = core.discovery.provider(&request.dp)?;
    let is_root = core.discovery.is_root(dp);
    let config = core.discovery.published(dp, paths::CONFIG).await?;
    let directory = if is_root { discovery::directory(core, dp).await?.to_vec() } else { Vec::new() };
    Ok(FetchDiscoveryResponse {
        dp: dp.to_string(),
        key: known.key.0.to_vec(),
        relay: known.relay.clone(),
        relay_address: known.relay_address.map(|address| address.to_string()).unwrap_or_default(),
        config: config.to_vec(),
        is_root,
        directory,
    })
}

pub(super) async fn issue(
    core: &Arc<Core>,
    user: UserUri,
    request: IssueDiscoveryTokensRequest,
) -> Result<IssueDiscoveryTokensResponse, Status> {
    let (response, left) = discovery::issue(core, user, &request.dp, &request.request).await?;
    Ok(IssueDiscoveryTokensResponse { response, left })
}

pub(super) async fn register(
    core: &Arc<Core>,
    request: RegisterMappingRequest,
) -> Result<RegisterMappingResponse, Status> {
    Ok(RegisterMappingResponse { response: discovery::register(core, &request.dp, &request.record).await? })
}
