//! Which stream of a file is the video, and files that have none.

use std::path::Path;

use crate::client::{Client, Upload};
use crate::clips;
use crate::server::Server;
use crate::sse::Event;

async fn end_of(clip: &Path) -> Event {
    let client = Client::of(Server::shared().url());
    let upload = Upload::of(&client, clip);
    upload.send_all(0..upload.total()).await;
    upload.events().await.end().await
}

#[tokio::test]
async fn d14_sound_with_or_without_a_cover_is_no_video() {
    for clip in [clips::audio_only(), clips::sound_with_cover()] {
        let end = end_of(&clip).await;
        assert_eq!(end.code(), "NO_VIDEO_STREAM", "{clip:?}: {end:?}");
    }
}

#[tokio::test]
async fn d14_the_first_real_video_stream_is_taken() {
    // Each has the 320x240 picture beside what must not be taken for it or disturb it.
    for clip in [clips::cover_first(), clips::two_videos(), clips::with_subtitles(), clips::with_data_track()] {
        let end = end_of(&clip).await;
        assert_eq!(end.kind, "complete", "{clip:?}: {end:?}");
        let told = (&end.data["total_frames"], &end.data["width"], &end.data["height"]);
        assert_eq!(told, (&clips::FRAMES.into(), &320.into(), &240.into()), "{clip:?}");
    }
}
