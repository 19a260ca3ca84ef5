//! A connection to exactly an address that was checked, and to nobody but whom its certificate names.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use domain::secretsmanager::rotation::Https;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::addresses::is_allowed;

/// How long one address may take to accept.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(in crate::rotation) enum ConnectError {
    #[error("`{0}` is not found: {1}")]
    Resolve(String, io::Error),
    #[error("`{0}` has no address")]
    NoAddress(String),
    #[error(
        "`{host}` is {address}, which is no public address and not among its `allow-addresses`"
    )]
    NotAllowed { host: String, address: IpAddr },
    #[error("{0} cannot be reached: {1}")]
    Unreachable(SocketAddr, io::Error),
    #[error("there is no secure connection to `{0}`: {1}")]
    Tls(String, io::Error),
    #[error(transparent)]
    Roots(#[from] RootsError),
}

/// Why there are no certificates to trust.
#[derive(Debug, thiserror::Error)]
pub(in crate::rotation) enum RootsError {
    #[error("the certificates in `{0}` cannot be read: {1}")]
    File(String, String),
    #[error("this system has no root certificates, and the rotator no `ca-file`")]
    None,
}

/// Connects to a rotator.
pub(super) async fn connect(target: &Https) -> Result<TlsStream<TcpStream>, ConnectError> {
    let addresses = checked(target, resolve(target).await?)?;
    let stream = reach(&addresses, &target.host).await?;
    let refused = |error| ConnectError::Tls(target.host.clone(), error);
    let name = ServerName::try_from(target.host.clone())
        .map_err(|error| refused(io::Error::other(error)))?;
    let connector = TlsConnector::from(Arc::new(client(target.ca_file.as_deref())?));
    connector.connect(name, stream).await.map_err(refused)
}

async fn resolve(target: &Https) -> Result<Vec<SocketAddr>, ConnectError> {
    if let Ok(address) = target.host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, target.port)]);
    }
    match tokio::net::lookup_host((target.host.as_str(), target.port)).await {
        Ok(found) => Ok(found.collect()),
        Err(error) => Err(ConnectError::Resolve(target.host.clone(), error)),
    }
}

/// The addresses that may be used. The name is not asked about again: who answers might answer otherwise then.
fn checked(target: &Https, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, ConnectError> {
    let first = found.first().copied();
    let allowed: Vec<SocketAddr> = found
        .into_iter()
        .filter(|found| is_allowed(found.ip(), &target.addresses))
        .collect();
    match first {
        _ if !allowed.is_empty() => Ok(allowed),
        Some(first) => Err(ConnectError::NotAllowed {
            host: target.host.clone(),
            address: first.ip(),
        }),
        None => Err(ConnectError::NoAddress(target.host.clone())),
    }
}

/// A connection to the first of the addresses that accepts one.
async fn reach(addresses: &[SocketAddr], host: &str) -> Result<TcpStream, ConnectError> {
    let mut refused = ConnectError::NoAddress(host.to_owned());
    for address in addresses {
        let connected = timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await;
        match connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(stream) => return Ok(stream),
            Err(error) => refused = ConnectError::Unreachable(*address, error),
        }
    }
    Err(refused)
}

fn client(ca_file: Option<&Path>) -> Result<ClientConfig, RootsError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(file) = ca_file {
        for certificate in read_certificates(file)? {
            let added = roots.add(certificate);
            added.map_err(|error| RootsError::File(shown(file), error.to_string()))?;
        }
    }
    if roots.is_empty() {
        return Err(RootsError::None);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has suites for both versions of TLS");
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The certificates in a file of the operator's; at least one.
pub(in crate::rotation) fn read_certificates(
    file: &Path,
) -> Result<Vec<CertificateDer<'static>>, RootsError> {
    let failed = |why: String| RootsError::File(shown(file), why);
    let read = CertificateDer::pem_file_iter(file).map_err(|error| failed(error.to_string()))?;
    let read: Result<Vec<_>, _> = read.collect();
    match read {
        Ok(certificates) if certificates.is_empty() => Err(failed("there are none".to_owned())),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(failed(error.to_string())),
    }
}

fn shown(file: &Path) -> String {
    file.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(host: &str, listed: &[&str]) -> Https {
        Https {
            host: host.to_owned(),
            port: 443,
            path: "/".to_owned(),
            ca_file: None,
            addresses: listed.iter().map(|range| range.parse().unwrap()).collect(),
        }
    }

    #[tokio::test]
    async fn a_name_of_this_host_is_refused_unless_it_is_listed() {
        for host in ["localhost", "127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            let target = target(host, &[]);
            let found = resolve(&target).await.unwrap();
            let refused = checked(&target, found).unwrap_err();
            assert!(
                matches!(refused, ConnectError::NotAllowed { .. }),
                "{refused}"
            );
        }
        let listed = target("localhost", &["127.0.0.0/8", "::1/128"]);
        assert!(checked(&listed, resolve(&listed).await.unwrap()).is_ok());
    }

    #[test]
    fn only_what_is_allowed_of_many_addresses_is_ever_used() {
        let found = ["10.0.0.1:443", "93.184.215.14:443", "[::1]:443"];
        let found = found.iter().map(|text| text.parse().unwrap()).collect();
        let allowed = checked(&target("mixed.test", &[]), found).unwrap();
        assert_eq!(allowed, ["93.184.215.14:443".parse().unwrap()]);
    }
}
