//! Faults E14: clients that are slow on purpose. The others stay served, the slow ones are told or cut.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::client::{Client, Upload};
use crate::clips;
use crate::server::Server;

/// Slow connections of each kind.
const CONNECTIONS: usize = 300;
/// Longest wait for the end of a slow connection, of which the server has this machine to itself for a part only.
const PATIENCE: Duration = Duration::from_secs(40);
const CLIENT_TIMEOUT: &str = "3";

/// Both ends of every connection are in this process.
fn many_descriptors() {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most.min(65_536), most).unwrap();
}

/// A connection on whose way back little is kept by the system.
pub async fn connect(address: SocketAddr, receive_buffer: u32) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(receive_buffer).unwrap();
    socket.connect(address).await.unwrap()
}

/// Sends the beginning, then a byte now and then, until the server ends it; gives what the server said. That may be nothing:
/// a byte that comes after the server's end resets the connection, and the system throws away what was not read yet.
async fn trickle(address: SocketAddr, beginning: &str) -> String {
    let mut stream = connect(address, 64 << 10).await;
    stream.write_all(beginning.as_bytes()).await.unwrap();
    let (mut reads, mut writes) = stream.into_split();
    let sending = async {
        while writes.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        std::future::pending::<()>().await
    };
    let mut answer = Vec::new();
    tokio::select! {
        () = sending => unreachable!(),
        ended = tokio::time::timeout(PATIENCE, reads.read_to_end(&mut answer)) => assert!(ended.is_ok(), "a slow client is kept"),
    }
    String::from_utf8(answer).unwrap()
}

/// Reads nothing until the server cuts the line; gives what had come by then.
pub async fn unread_until_cut(mut stream: TcpStream) -> Vec<u8> {
    // A read shows the end only behind all that came before it: the end shows in writing.
    let cut = async {
        while stream.write_all(b"\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(PATIENCE, cut).await.expect("a client who reads nothing is kept");
    let mut read = Vec::new();
    let _ = stream.read_to_end(&mut read).await;
    read
}

/// Runs an attack beside a client who asks and sends, whose times are printed and asserted.
async fn beside_a_client<T>(name: &str, server: &Server, attack: impl Future<Output = T>) -> T {
    let over = Arc::new(AtomicBool::new(false));
    let (client, until) = (Client::of(server.url()), Arc::clone(&over));
    let legitimate = tokio::spawn(async move {
        let mut times = Vec::new();
        while !until.load(Ordering::Relaxed) || times.is_empty() {
            let began = Instant::now();
            let upload = Upload::of(&client, &clips::short());
            upload.send(0).await;
            assert_eq!(client.delete(&upload.id).await.status(), 204);
            times.push(began.elapsed());
        }
        times
    });
    let outcome = attack.await;
    over.store(true, Ordering::Relaxed);
    let mut times = legitimate.await.unwrap();
    times.sort();
    let p99 = times[(times.len() - 1) * 99 / 100];
    println!("{name}: p99 of {} uploads and deletions: {p99:?}", times.len());
    assert!(p99 < Duration::from_secs(10), "the others wait for {p99:?}");
    outcome
}

/// All were ended with a 408, as far as they got to read it: how many do is a matter of the machine's load.
fn assert_timed_out(answers: &[String]) {
    let told = answers.iter().filter(|a| a.starts_with("HTTP/1.1 408 ")).count();
    let silent = answers.iter().filter(|a| a.is_empty()).count();
    assert_eq!(told + silent, answers.len(), "{answers:?}");
    assert!(told > 0, "nobody was told");
}

#[tokio::test]
async fn e14_slow_heads_are_answered_408() {
    many_descriptors();
    let server = Server::without_models(&["--client-timeout", CLIENT_TIMEOUT]);
    let attack = join_all((0..CONNECTIONS).map(|_| trickle(server.address, "GET /api/health HTTP/1.1\r\nX-Slow: ")));
    assert_timed_out(&beside_a_client("slow heads", &server, attack).await);
}

#[tokio::test]
async fn e14_slow_heads_after_a_first_request_are_cut() {
    many_descriptors();
    let server = Server::without_models(&["--client-timeout", "2"]);
    let beginning = "GET /api/health HTTP/1.1\r\nHost: a\r\n\r\nGET /api/health HTTP/1.1\r\nX-Slow: ";
    let attack = join_all((0..CONNECTIONS).map(|_| trickle(server.address, beginning)));
    let began = Instant::now();
    for answer in beside_a_client("slow second heads", &server, attack).await {
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("{\"status\":\"ok\"}"), "{answer:?}");
    }
    assert!(began.elapsed() < PATIENCE, "they were not cut");
}

#[tokio::test]
async fn e14_slow_bodies_are_answered_408() {
    many_descriptors();
    let server = Server::without_models(&["--client-timeout", CLIENT_TIMEOUT]);
    let raw = |i: usize| {
        format!("PUT /api/uploads/slow-{i}/chunks/0?total_chunks=2&ext=.mp4 HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nx")
    };
    let form = "POST /api/upload-chunk HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n\
                --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx";
    let attack = join_all((0..CONNECTIONS).map(|i| {
        let beginning = if i % 2 == 0 { raw(i) } else { form.to_owned() };
        async move { trickle(server.address, &beginning).await }
    }));
    let answers = beside_a_client("slow bodies", &server, attack).await;
    assert_timed_out(&answers);
    assert!(answers.iter().all(|a| a.is_empty() || a.contains("REQUEST_TIMEOUT")), "{answers:?}");
    assert_eq!(Client::of(server.url()).json("/api/sessions").await["total"], 0, "a slow body begins no session");
}

#[tokio::test]
async fn e14_answers_that_nobody_reads_are_cut() {
    many_descriptors();
    let server = Server::without_models(&["--client-timeout", CLIENT_TIMEOUT]);
    let client = Client::of(server.url());
    // Larger than what the system keeps for a connection.
    let done = Upload::of(&client, &clips::large_index_last()).complete().await;
    let path = done["download_url"].as_str().unwrap().to_owned();
    let length = client.bytes(&path).await.len();
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    let attack = join_all((0..CONNECTIONS).map(|_| async {
        let mut stream = connect(server.address, 4096).await;
        stream.write_all(request.as_bytes()).await.unwrap();
        unread_until_cut(stream).await.len()
    }));
    for read in beside_a_client("unread answers", &server, attack).await {
        assert!(read < length, "all of it came");
    }
    assert_eq!(client.bytes(&path).await.len(), length);
}
