//! The bridge network of an account. Tasks of one account meet on it; tasks of another never do.

use std::collections::HashMap;

use bollard::{
    Docker,
    models::{Network, NetworkCreateRequest},
    query_parameters::ListNetworksOptionsBuilder,
};
use tokio::sync::Mutex;

use super::{RuntimeError, engine_error};

/// The networks that were found or made so far, by account.
#[derive(Default)]
pub(super) struct Networks {
    known: Mutex<HashMap<String, String>>,
}

impl Networks {
    /// The id of the account's network, which is made where there is none.
    pub async fn of_account(
        &self,
        docker: &Docker,
        account: &str,
    ) -> Result<String, RuntimeError> {
        let mut known = self.known.lock().await;
        let name = format!("sealift-{account}");
        let found = find(docker, &name).await?;
        if let Some(id) = known.get(account)
            && found.iter().any(|network| network.id.as_ref() == Some(id))
        {
            return Ok(id.clone());
        }
        let found = if found.is_empty() {
            create(docker, &name, account).await?;
            find(docker, &name).await?
        } else {
            found
        };
        // An engine accepts a second network of the same name. Where two processes made one each, both take the older.
        let oldest = found
            .into_iter()
            .min_by(|a, b| (&a.created, &a.id).cmp(&(&b.created, &b.id)))
            .and_then(|network| network.id)
            .ok_or_else(|| RuntimeError::Engine(format!("network {name} vanished")))?;
        known.insert(account.to_owned(), oldest.clone());
        Ok(oldest)
    }
}

async fn find(docker: &Docker, name: &str) -> Result<Vec<Network>, RuntimeError> {
    let options = ListNetworksOptionsBuilder::new()
        .filters(&HashMap::from([("name", vec![name])]))
        .build();
    let mut found = docker
        .list_networks(Some(options))
        .await
        .map_err(engine_error)?;
    // The filter finds parts of names too.
    found.retain(|network| network.name.as_deref() == Some(name));
    Ok(found)
}

async fn create(docker: &Docker, name: &str, account: &str) -> Result<(), RuntimeError> {
    let labels = HashMap::from([("sealift.account".to_owned(), account.to_owned())]);
    let request = NetworkCreateRequest {
        name: name.to_owned(),
        driver: Some("bridge".to_owned()),
        labels: Some(labels),
        ..NetworkCreateRequest::default()
    };
    match docker.create_network(request).await {
        // Another process was faster.
        Err(bollard::errors::Error::DockerResponseServerError {
            status_code: 409, ..
        })
        | Ok(_) => Ok(()),
        Err(error) => Err(engine_error(error)),
    }
}
