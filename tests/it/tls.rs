//! `sightline upload` by https: a TLS listener, as a proxy in front of a server is one, before the real server.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::client::Client;
use crate::program::Program;
use crate::upload_command::{complete, told, upload};
use crate::{clips, scratch};

/// A signer that lives as long as the test.
struct Signer {
    issuer: Issuer<'static, KeyPair>,
    folder: TempDir,
}

impl Signer {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let folder = scratch::folder("ca-");
        std::fs::write(folder.path().join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Self { issuer: Issuer::new(params, key), folder }
    }

    /// The file that a user names to trust this signer.
    fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Speaks TLS on a free port as `name`, and hands what it hears on to the server.
    fn front(&self, name: &str, server_url: &str) -> String {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        // A second time there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
        let server = server_url.strip_prefix("http://").unwrap().to_owned();
        let (tell, told) = mpsc::channel();
        // It ends with the test's process.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap().port()).unwrap();
                let acceptor = TlsAcceptor::from(Arc::new(config));
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(hand_on(acceptor.clone(), client, server.clone()));
                }
            });
        });
        format!("https://localhost:{}", told.recv().unwrap())
    }
}

async fn hand_on(acceptor: TlsAcceptor, client: TcpStream, server: String) {
    // A client that does not trust the certificate leaves here.
    let Ok(mut client) = acceptor.accept(client).await else { return };
    let mut server = TcpStream::connect(server).await.unwrap();
    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}

#[tokio::test]
async fn an_upload_by_https_completes_when_its_signer_is_trusted() {
    let server = Program::start(&[]);
    let signer = Signer::new();
    let front = signer.front("localhost", &server.url);
    let folder = scratch::folder("up-");
    let ca = signer.file();
    let by_option = upload(folder.path(), &front, &clips::large(), &["--json", "--ca-file", ca.to_str().unwrap()]).output().unwrap();
    let by_option = complete(&by_option);
    assert_eq!(by_option["total_frames"], clips::FRAMES);
    let there = Client::of(&server.url).bytes(by_option["download_url"].as_str().unwrap()).await;
    assert!(there == std::fs::read(folder.path().join("large.annotated.mp4")).unwrap(), "the result differs");
    for variable in ["SIGHTLINE_CA_FILE", "SSL_CERT_FILE"] {
        let output = upload(folder.path(), &front, &clips::short(), &["--json"]).env(variable, &ca).output().unwrap();
        assert_eq!(complete(&output)["total_frames"], 30, "{variable}");
    }
}

#[test]
fn a_server_that_cannot_be_trusted_is_refused_with_what_to_do() {
    let server = Program::start(&[]);
    let (signer, stranger) = (Signer::new(), Signer::new());
    let right = signer.front("localhost", &server.url);
    let other_name = signer.front("elsewhere.example", &server.url);
    let plain = server.url.replace("http://", "https://");
    let folder = scratch::folder("up-");
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "no certificate").unwrap();
    let (ca, stranger, missing) = (signer.file(), stranger.file(), folder.path().join("missing.pem"));
    let cases = [
        (&right, &stranger, "signed by nobody this machine trusts. If the address is right, name the signer's certificate with --ca-file."),
        (&other_name, &ca, "elsewhere.example"),
        (&plain, &ca, "does not speak https. Is its address one with http://?"),
        (&right, &missing, "missing.pem: No such file"),
        (&right, &empty, "there is no certificate in it"),
    ];
    for (address, trusted, sentence) in cases {
        let begun = Instant::now();
        let more = ["--ca-file", trusted.to_str().unwrap()];
        let output = upload(folder.path(), address, &clips::short(), &more).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", told(&output));
        assert!(told(&output).contains(sentence), "{sentence}: {}", told(&output));
        assert!(begun.elapsed() < Duration::from_secs(15), "what cannot pass was tried again: {:?}", begun.elapsed());
    }
    assert_eq!(scratch::files_below(folder.path()), ["empty.pem"]);
    assert!(server.files("sessions").is_empty());
}
