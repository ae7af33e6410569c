//! Chunks that come in other orders than they should, or say what cannot be.

use futures_util::future::join_all;
use reqwest::multipart::{Form, Part};

use crate::client::{Client, Upload, fresh_id, refusal};
use crate::clips;
use crate::program::Program;
use crate::server::Server;

fn client() -> Client {
    Client::of(Server::shared().url())
}

#[tokio::test]
async fn a07_chunks_in_any_order_and_at_once_give_the_result_of_the_ordered_ones() {
    let client = client();
    let results = async |upload: &Upload| {
        let complete = upload.completion().await;
        (client.text(complete["results_url"].as_str().unwrap()).await, client.bytes(complete["download_url"].as_str().unwrap()).await)
    };
    let mut ordered = Upload::of(&client, &clips::faststart());
    ordered.chunk_size = ordered.bytes.len().div_ceil(4);
    ordered.send_all(0..4).await;
    let expected = results(&ordered).await;
    let shuffled = ordered.clone().with_id(&fresh_id());
    shuffled.send_all([0, 2, 1, 3]).await;
    assert!(results(&shuffled).await == expected, "0, 2, 1, 3");
    let parallel = ordered.clone().with_id(&fresh_id());
    join_all((0..4).rev().map(|index| parallel.send(index))).await;
    assert!(results(&parallel).await == expected, "at once");
}

#[tokio::test]
async fn a09_a_session_without_its_first_chunk_waits_and_leaves_nothing() {
    let program = Program::start(&[]);
    let client = Client::of(&program.url);
    let upload = Upload::of(&client, &clips::faststart());
    let complete = upload.clone().with_id("complete");
    upload.send_all(5..upload.total()).await;
    assert!(program.children("").is_empty(), "nothing can be decoded yet");
    assert_eq!(client.delete(&upload.id).await.status(), 204);
    program.assert_nothing_left("a session without its first chunk");
    complete.send_all(5..complete.total()).await;
    complete.send_all(0..5).await;
    assert_eq!(complete.completion().await["total_frames"], clips::FRAMES);
}

#[tokio::test]
async fn a10_a_chunk_of_another_file_is_refused_and_the_session_goes_on() {
    let client = client();
    let upload = Upload::of(&client, &clips::short());
    upload.send(0).await;
    for other in [upload.clone().with("total_chunks", upload.total() + 1), upload.clone().with("ext", ".mkv")] {
        let refused = refusal(other.try_send(1, upload.chunk(1)).await).await;
        assert_eq!((refused.status, refused.code.as_str()), (409, "SESSION_CONFLICT"), "{}", refused.detail);
    }
    assert_eq!(upload.complete().await["total_frames"], 30);
}

#[tokio::test]
async fn a11_an_index_that_cannot_be_is_refused_by_name() {
    let client = client();
    for index in ["3", "-1", "9223372036854775808", "18446744073709551616", "1e3", "٣", "", " 1", "+1", "0x1"] {
        let form = Form::new().text("session_id", "a11").text("chunk_index", index).text("total_chunks", "3");
        let form = form.text("ext", ".mp4").part("file", Part::bytes(vec![0; 10]).file_name("blob"));
        let refused = refusal(client.post("/api/upload-chunk").multipart(form).send().await.unwrap()).await;
        assert_eq!((refused.status, refused.code.as_str()), (400, "INVALID_FIELD"), "{index}");
        assert!(refused.detail.contains("chunk_index"), "{index}: {}", refused.detail);
    }
    assert_eq!(client.get("/api/sessions/a11").send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn a12_a_number_of_chunks_that_cannot_be_is_refused() {
    let client = client();
    let upload = Upload::new(&client, vec![0; 100], ".mp4", 100).with_id("a12");
    for (total, status) in [(Some("0"), 400), (Some("-1"), 400), (Some("1000000000"), 413), (Some("1000001"), 413), (None, 400)] {
        let form = Form::new().text("session_id", "a12").text("chunk_index", "0").text("ext", ".mp4");
        let form = match total {
            Some(total) => form.text("total_chunks", total),
            None => form,
        };
        let form = form.part("file", Part::bytes(vec![0; 10]).file_name("blob"));
        let refused = refusal(client.post("/api/upload-chunk").multipart(form).send().await.unwrap()).await;
        let code = if status == 400 { "INVALID_FIELD" } else { "FILE_TOO_LARGE" };
        assert_eq!((refused.status, refused.code.as_str()), (status, code), "{total:?}");
    }
    // A thousand times 17 MiB would be more than 16 GiB.
    let large = upload.with("total_chunks", 1000).with("chunk_size", 17 << 20);
    assert_eq!(refusal(large.try_send(0, b"x").await).await.status, 413);
    assert_eq!(client.get("/api/sessions/a12").send().await.unwrap().status(), 404);
}
