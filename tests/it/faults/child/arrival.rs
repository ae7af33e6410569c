//! Containers that can be decoded while they arrive, and those that cannot.

use crate::client::{Client, Upload};
use crate::clips;
use crate::server::Server;

#[tokio::test]
async fn d10_thirty_megabytes_with_the_index_last_lose_no_frame() {
    let server = Server::without_models(&[]);
    let client = Client::of(server.url());
    for ending in ["mp4", "mov"] {
        let clip = clips::thirty_megabytes(ending);
        let upload = Upload::new(&client, std::fs::read(&clip).unwrap(), &format!(".{ending}"), 1 << 20).with("preview_interval", 1);
        assert!(upload.total() >= 28, "{} chunks", upload.total());
        upload.send(0).await;
        let mut events = upload.events().await;
        upload.send_all(1..upload.total()).await;
        let first = events.next().await.unwrap();
        assert_eq!(first.data["total_frames"], clips::LARGE_FRAMES, "known from the first frame on: {:?}", first.data["percent"]);
        assert!(first.data["percent"].is_number());
        let end = events.end().await;
        assert_eq!((&end.data["total_frames"], &end.data["partial"]), (&clips::LARGE_FRAMES.into(), &false.into()), "{ending}");
    }
}

#[tokio::test]
async fn d11_frames_come_before_the_last_chunk() {
    let server = Server::without_models(&[]);
    let client = Client::of(server.url());
    for clip in [clips::faststart(), clips::fragmented(), clips::matroska(), clips::recorded(), clips::avi()] {
        let upload = Upload::of(&client, &clip).with("preview_interval", 1);
        let last = upload.total() - 1;
        upload.send_all(0..last).await;
        let mut events = upload.events().await;
        events.wait_for(|e| e.kind == "progress" && e.frame_index() > 0).await;
        upload.send(last).await;
        let end = events.end().await;
        assert_eq!((end.kind.as_str(), &end.data["total_frames"]), ("complete", &clips::FRAMES.into()), "{clip:?}: {end:?}");
    }
}
