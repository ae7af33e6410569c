//! The analysis as its events tell it, over lost connections and restarts of the server.

use serde::Deserialize;
use tokio::sync::watch;

use super::api::Server;
use super::failure::{Failure, Told};
use super::retry;
use super::sending::note;
use super::sse::{Event, Parser};
use super::upload::Progress;

#[derive(Deserialize)]
struct Frames {
    frame_index: u64,
    total_frames: Option<u64>,
}

/// What an event means for its reader.
#[derive(Debug)]
enum Meaning {
    GoesOn,
    /// The stream is about to end, the analysis is not.
    ComeBack,
    Ended(Result<String, Failure>),
}

/// Waits for the session to begin, then for its end. Gives the `complete` object as the server wrote it.
pub async fn follow(server: &Server, id: &str, progress: &watch::Sender<Progress>) -> Result<String, Failure> {
    // The sender of the progress is borrowed, so that it cannot be gone.
    let _ = progress.subscribe().wait_for(|p| p.begun).await;
    let mut last_id = String::new();
    let mut failures = 0;
    loop {
        let failure = match listen(server, id, &mut last_id, &mut failures, progress).await {
            Ok(complete) => return Ok(complete),
            Err(failure) if failure.is_passing() => failure,
            Err(failure) => return Err(failure),
        };
        failures += 1;
        if failures >= retry::LATER {
            return Err(failure);
        }
        note(progress, true);
        retry::rest(failures, &failure).await;
    }
}

/// One connection. A loss of it is a `Failure` that passes.
async fn listen(
    server: &Server,
    id: &str,
    last_id: &mut String,
    failures: &mut u32,
    progress: &watch::Sender<Progress>,
) -> Result<String, Failure> {
    let lost = |reason: &str| Failure::Lost(reason.to_owned());
    let response = server.events(id, last_id).await?;
    note(progress, false);
    let Some(mut response) = response else {
        // The end was missed all the same: to one who has seen nothing it is told again.
        last_id.clear();
        return Err(lost("the server has nothing more to tell"));
    };
    let mut parser = Parser::default();
    while let Some(bytes) = response.chunk().await? {
        let events = parser.feed(&bytes).map_err(|e| lost(&e.to_string()))?;
        if !parser.last_id().is_empty() {
            parser.last_id().clone_into(last_id);
        }
        for event in events {
            match meaning(event, progress) {
                Meaning::GoesOn => *failures = 0,
                Meaning::ComeBack => return Err(lost("the server is being restarted")),
                Meaning::Ended(end) => return end,
            }
        }
    }
    Err(lost("the events stopped"))
}

fn meaning(event: Event, progress: &watch::Sender<Progress>) -> Meaning {
    match event.kind.as_str() {
        "progress" => {
            if let Ok(frames) = serde_json::from_str::<Frames>(&event.data) {
                progress.send_modify(|p| (p.frames_done, p.frames_total) = (frames.frame_index + 1, frames.total_frames));
            }
            Meaning::GoesOn
        }
        "complete" => Meaning::Ended(Ok(event.data)),
        "error" => match serde_json::from_str::<Told>(&event.data) {
            Ok(told) if told.code == "SHUTTING_DOWN" => Meaning::ComeBack,
            Ok(told) => Meaning::Ended(Err(Failure::Analysis(told))),
            Err(_) => Meaning::Ended(Err(Failure::Lost("the server told an error that cannot be read".to_owned()))),
        },
        "retry" => Meaning::ComeBack,
        // Of a later version of the contract.
        _ => Meaning::GoesOn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    fn of(kind: &str, data: &str) -> (Meaning, Progress) {
        let progress = watch::Sender::new(Progress::default());
        let meaning = meaning(Event { kind: kind.into(), data: data.into() }, &progress);
        let after = progress.borrow().clone();
        (meaning, after)
    }

    const NOTHING: &str = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
    const END: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/event-stream\r\n\r\nid: 8\nevent: complete\ndata: {}\n\n";

    /// Answers 204 to who has seen an event, and tells the end to who has not; one request a connection.
    async fn tell_the_end(listener: TcpListener) {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") && stream.read_buf(&mut request).await.is_ok_and(|n| n > 0) {}
            let answer = if String::from_utf8_lossy(&request).contains("last-event-id") { NOTHING } else { END };
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    }

    #[tokio::test]
    async fn an_end_that_the_server_takes_as_seen_is_asked_for_anew() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Server::new(&listener.local_addr().unwrap().to_string(), None).unwrap();
        tokio::spawn(tell_the_end(listener));
        let (mut last_id, mut failures, progress) = ("7".to_owned(), 0, watch::Sender::new(Progress::default()));
        let first = listen(&server, "s", &mut last_id, &mut failures, &progress).await;
        assert!(first.is_err_and(|failure| failure.is_passing()) && last_id.is_empty());
        assert_eq!(listen(&server, "s", &mut last_id, &mut failures, &progress).await.unwrap(), "{}");
    }

    #[test]
    fn only_complete_and_error_are_an_end() {
        let (meaning, progress) = of("progress", r#"{"frame_index":9,"total_frames":null,"percent":null,"preview":""}"#);
        assert!(matches!(meaning, Meaning::GoesOn) && progress.frames_done == 10 && progress.frames_total.is_none());
        assert!(matches!(of("retry", "{}").0, Meaning::ComeBack));
        assert!(matches!(of("error", r#"{"detail":"x","code":"SHUTTING_DOWN"}"#).0, Meaning::ComeBack));
        assert!(
            matches!(of("error", r#"{"detail":"x","code":"NO_FRAMES"}"#).0, Meaning::Ended(Err(Failure::Analysis(told))) if told.code == "NO_FRAMES")
        );
        assert!(matches!(of("complete", "{\"a\":1}").0, Meaning::Ended(Ok(data)) if data == "{\"a\":1}"));
        for other in ["reset", "surprise"] {
            assert!(matches!(of(other, "").0, Meaning::GoesOn));
        }
    }
}
