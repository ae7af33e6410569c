//! What becomes of each file of the zoo. Frames are those that FFmpeg 9's own decoder gives; sizes, sound and codes were
//! taken from this program and read over against what is known of the files.

use sightline::error_code::ErrorCode;
use sightline::media::remux::AudioOutcome::{self, Copied, Transcoded};

#[derive(Clone, Copy, Debug)]
pub enum Expected {
    Result(Video),
    Refusal(ErrorCode),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Video {
    pub frames: u64,
    /// Of the displayed picture.
    pub size: (u32, u32),
    /// Clockwise degrees.
    pub rotation: i32,
    pub sound: AudioOutcome,
    pub warnings: &'static [ErrorCode],
    /// Large pictures, which take long to encode: only decoded.
    pub numbers_alone: bool,
    pub takes_long: bool,
}

const fn video(frames: u64, width: u32, height: u32) -> Video {
    let sound = AudioOutcome::None;
    Video { frames, size: (width, height), rotation: 0, sound, warnings: &[], numbers_alone: false, takes_long: false }
}

impl Video {
    const fn with(self, sound: AudioOutcome) -> Self {
        Self { sound, ..self }
    }

    const fn turned(self, rotation: i32) -> Self {
        Self { rotation, ..self }
    }

    const fn warns(self, warnings: &'static [ErrorCode]) -> Self {
        Self { warnings, ..self }
    }
}

/// In the order of their names.
pub const ZOO: &[(&str, Expected)] = &[
    ("ax_avi_large_length.avi", Expected::Result(video(58, 256, 144).with(Copied))),
    ("ax_bt601.mov", Expected::Result(video(30, 640, 428).with(Copied))),
    ("ax_edit_list_positive_shift.mp4", Expected::Result(Video { numbers_alone: true, ..video(270, 1920, 1080).with(Copied) })),
    ("ax_editlist_bframes.mp4", Expected::Result(video(12, 704, 576))),
    ("ax_encrypted_clearkey.mp4", Expected::Refusal(ErrorCode::NoFrames)),
    ("ax_encrypted_widevine.mp4", Expected::Refusal(ErrorCode::NoFrames)),
    ("ax_fragmented.mp4", Expected::Result(video(30, 1080, 720).with(Copied))),
    ("ax_fragmented_sidx.mp4", Expected::Result(video(30, 1080, 720).with(Copied))),
    ("ax_full_blocks.mkv", Expected::Refusal(ErrorCode::NoVideoStream)),
    ("ax_h263.3gp", Expected::Result(video(15, 176, 144))),
    ("ax_hevc_hdr10_sdr_container.mp4", Expected::Result(Video { numbers_alone: true, ..video(28, 1920, 1080).with(Copied) })),
    ("ax_hevc_hlg10.mp4", Expected::Result(video(9, 1920, 1080).with(Copied))),
    ("ax_invalid_nalu.mp4", Expected::Result(video(29, 1080, 720).warns(&[ErrorCode::VideoDamaged]))),
    ("ax_iphone_dolbyvision.MOV", Expected::Result(video(4, 720, 1280).with(Copied).turned(90))),
    ("ax_long_1080p_black.mp4", Expected::Result(Video { takes_long: true, ..video(10883, 1920, 1080).with(Copied) })),
    ("ax_malformed_free_box.mp4", Expected::Refusal(ErrorCode::NoFrames)),
    ("ax_mdat_too_long.mp4", Expected::Result(video(30, 1080, 720).with(Copied))),
    ("ax_missing_stsd.mp4", Expected::Result(video(30, 1080, 720).warns(&[ErrorCode::AudioLost]))),
    ("ax_mpeg4part2.mp4", Expected::Result(video(15, 176, 144))),
    ("ax_multi_video_tracks.mp4", Expected::Result(video(5, 10, 12))),
    ("ax_mvhevc_spatial.mov", Expected::Result(Video { numbers_alone: true, ..video(5, 1934, 2160) })),
    ("ax_phone_pixel7_rot180.mp4", Expected::Result(video(36, 1920, 1080).turned(180))),
    ("ax_rotate_and_reflect.mp4", Expected::Result(video(30, 720, 1080).with(Copied).turned(90))),
    ("ax_sample.avi", Expected::Result(video(96, 960, 400).with(Copied))),
    ("ax_sample.flv", Expected::Result(video(30, 1080, 720).with(Copied))),
    ("ax_sample.mp4", Expected::Result(video(30, 1080, 720).with(Copied))),
    ("ax_shorter_audio.mp4", Expected::Result(video(72, 320, 240).with(Copied))),
    ("ax_sowt_pcm.mov", Expected::Result(Video { numbers_alone: true, ..video(100, 1920, 1080).with(Transcoded) })),
    ("ax_trim_optimization_failure.mp4", Expected::Result(video(167, 518, 488).with(Copied))),
    ("ax_unsupported_brands.mp4", Expected::Result(video(30, 1080, 720).with(Copied))),
    ("ax_video_only.mp4", Expected::Result(video(30, 1080, 720))),
    ("ax_vp9_in_mp4.mp4", Expected::Result(video(120, 1138, 640))),
    ("ax_vp9_odd_dimensions.webm", Expected::Result(video(30, 161, 121))),
    ("ax_vvc.mp4", Expected::Result(video(120, 320, 180))),
    ("ax_without_stss.mp4", Expected::Result(video(30, 1080, 720))),
    ("dc_rotation_0.mov", Expected::Result(video(3, 568, 320))),
    ("dc_rotation_180.mov", Expected::Result(video(3, 568, 320).turned(180))),
    ("dc_unordered.mov", Expected::Result(video(4, 50, 50))),
    ("gen_120fps.mp4", Expected::Result(video(240, 640, 360))),
    ("gen_16x16.mp4", Expected::Result(video(30, 16, 16))),
    ("gen_1fps.mp4", Expected::Result(video(10, 640, 360))),
    ("gen_2997.mp4", Expected::Result(video(60, 640, 360))),
    ("gen_2frames.mp4", Expected::Result(video(2, 640, 360))),
    ("gen_2x2.mp4", Expected::Result(video(30, 2, 2))),
    ("gen_audio_only.mp4", Expected::Refusal(ErrorCode::NoVideoStream)),
    ("gen_av1.mp4", Expected::Result(video(90, 640, 360))),
    ("gen_av1_10.mkv", Expected::Result(video(60, 640, 360))),
    ("gen_bt2020_pq.mp4", Expected::Result(video(30, 640, 360))),
    ("gen_concat_named.mp4", Expected::Refusal(ErrorCode::UnsupportedContainer)),
    ("gen_empty.mp4", Expected::Refusal(ErrorCode::EmptyInput)),
    ("gen_fragmented.mp4", Expected::Result(video(120, 640, 360).with(Copied))),
    ("gen_fragmented_everyframe.mp4", Expected::Result(video(120, 640, 360).with(Copied))),
    ("gen_fullrange.mp4", Expected::Result(video(30, 640, 360))),
    ("gen_fuzz_01.mp4", Expected::Result(video(120, 640, 360).with(Transcoded).warns(&[ErrorCode::VideoDamaged]))),
    ("gen_fuzz_03.webm", Expected::Result(video(119, 640, 360).with(Copied).warns(&[ErrorCode::VideoDamaged]))),
    ("gen_fuzz_04.mp4", Expected::Result(video(117, 640, 360).with(Copied).warns(&[ErrorCode::VideoDamaged]))),
    ("gen_fuzz_06.mkv", Expected::Result(video(120, 640, 360).with(Copied).warns(&[ErrorCode::VideoDamaged]))),
    ("gen_fuzz_07.webm", Expected::Result(video(67, 640, 360).warns(&[ErrorCode::VideoDamaged, ErrorCode::AudioLost]))),
    ("gen_fuzz_09.mp4", Expected::Refusal(ErrorCode::NoVideoStream)),
    ("gen_fuzz_10.mkv", Expected::Result(video(120, 640, 360).with(Copied).warns(&[ErrorCode::VideoDamaged]))),
    ("gen_fuzz_12.mp4", Expected::Refusal(ErrorCode::NoFrames)),
    ("gen_fuzz_14.mkv", Expected::Result(video(120, 640, 360).with(Copied).warns(&[ErrorCode::VideoDamaged]))),
    ("gen_fuzz_15.webm", Expected::Result(video(118, 640, 360).with(Copied).warns(&[ErrorCode::VideoDamaged]))),
    ("gen_fuzz_16.mp4", Expected::Refusal(ErrorCode::UnsupportedContainer)),
    ("gen_fuzz_19.webm", Expected::Result(video(119, 640, 360).with(Copied).warns(&[ErrorCode::VideoDamaged]))),
    ("gen_garbage_head.mp4", Expected::Refusal(ErrorCode::UnsupportedContainer)),
    ("gen_garbage_tail.mp4", Expected::Result(video(120, 640, 360).with(Copied))),
    ("gen_h264.flv", Expected::Result(video(120, 640, 360).with(Copied))),
    ("gen_h264_422.mp4", Expected::Result(video(60, 640, 360))),
    ("gen_h264_aac.mkv", Expected::Result(video(120, 640, 360).with(Copied))),
    ("gen_h264_hi10.mp4", Expected::Result(video(60, 640, 360))),
    ("gen_h264_lossless.mp4", Expected::Result(video(30, 320, 180))),
    ("gen_h264_rgb.mp4", Expected::Result(video(30, 320, 180))),
    ("gen_hevc10_hvc1.mov", Expected::Result(video(90, 640, 360))),
    ("gen_hevc12_444.mp4", Expected::Result(video(30, 320, 180))),
    ("gen_hevc8_hvc1.mp4", Expected::Result(video(90, 640, 360))),
    ("gen_html.mp4", Expected::Refusal(ErrorCode::UnsupportedContainer)),
    ("gen_huge_box.mp4", Expected::Result(video(120, 640, 360).with(Copied))),
    ("gen_huge_dims.mp4", Expected::Result(video(120, 640, 360).with(Copied).warns(&[ErrorCode::VideoDamaged]))),
    ("gen_huge_duration.mp4", Expected::Result(video(120, 640, 360).with(Copied))),
    ("gen_huge_stsz.mp4", Expected::Refusal(ErrorCode::NoFrames)),
    ("gen_interlaced.mp4", Expected::Result(video(30, 720, 576))),
    ("gen_long_gop.mp4", Expected::Result(video(314, 640, 360))),
    ("gen_metadata_xss.mp4", Expected::Result(video(120, 640, 360).with(Copied))),
    ("gen_mjpeg_pcm.avi", Expected::Result(video(90, 480, 270).with(Transcoded))),
    ("gen_mkv_named.mp4", Expected::Result(video(120, 640, 360).with(Copied))),
    ("gen_moov_end.mp4", Expected::Result(video(120, 640, 360).with(Copied))),
    ("gen_moov_front.mp4", Expected::Result(video(120, 640, 360).with(Copied))),
    ("gen_multi_audio.mp4", Expected::Result(video(120, 640, 360).with(Copied))),
    ("gen_nested_boxes.mp4", Expected::Refusal(ErrorCode::NoFrames)),
    ("gen_noaudio.mp4", Expected::Result(video(120, 640, 360))),
    ("gen_odd_127x95.avi", Expected::Result(video(60, 127, 95))),
    ("gen_odd_321x241_420.webm", Expected::Result(video(60, 321, 241))),
    ("gen_odd_853x479_444.mp4", Expected::Result(video(60, 853, 479))),
    ("gen_open_gop_bframes.mp4", Expected::Result(video(120, 640, 360))),
    ("gen_opus_audio.mp4", Expected::Result(video(120, 640, 360).with(Copied))),
    ("gen_playlist_local.mp4", Expected::Refusal(ErrorCode::UnsupportedContainer)),
    ("gen_playlist_named.mp4", Expected::Refusal(ErrorCode::UnsupportedContainer)),
    ("gen_png_named.mp4", Expected::Refusal(ErrorCode::UnsupportedContainer)),
    ("gen_prores422.mov", Expected::Result(video(30, 640, 360).with(Transcoded))),
    ("gen_raw.y4m", Expected::Result(video(15, 160, 90))),
    ("gen_reschange.ts", Expected::Result(video(120, 640, 360))),
    ("gen_rot270.mp4", Expected::Result(video(120, 360, 640).with(Copied).turned(90))),
    ("gen_rot90.mp4", Expected::Result(video(120, 360, 640).with(Copied).turned(270))),
    ("gen_sar_720x576_16_11.mp4", Expected::Result(video(60, 1047, 576))),
    ("gen_start_offset.mp4", Expected::Result(video(60, 640, 360))),
    ("gen_subtitles.mp4", Expected::Result(video(120, 640, 360).with(Copied))),
    ("gen_tall_120x2160.mp4", Expected::Result(video(30, 120, 2160))),
    ("gen_text.mp4", Expected::Refusal(ErrorCode::UnsupportedContainer)),
    ("gen_theora.ogv", Expected::Result(video(90, 480, 270).with(Transcoded))),
    ("gen_trunc_last_1k.mp4", Expected::Refusal(ErrorCode::NoFrames)),
    ("gen_two_video.mp4", Expected::Result(video(60, 640, 360))),
    ("gen_vfr_gap.mp4", Expected::Result(video(150, 640, 360))),
    ("gen_vfr_setpts.mp4", Expected::Result(video(69, 640, 360))),
    ("gen_vp9_opus.webm", Expected::Result(video(120, 640, 360).with(Copied))),
    ("gen_wmv2.wmv", Expected::Result(video(90, 480, 270).with(Transcoded))),
    ("gen_xvid_mp3.avi", Expected::Result(video(90, 480, 270).with(Copied))),
    ("gp_france_bifs.mp4", Expected::Refusal(ErrorCode::NoVideoStream)),
    ("io_realshort.mp4", Expected::Result(video(36, 320, 240).with(Copied))),
    ("mb_annexb.mkv", Expected::Result(Video { takes_long: true, ..video(745, 1920, 1080) })),
    ("mb_cursed_vfr.mp4", Expected::Result(Video { numbers_alone: true, ..video(63, 3026, 1386) })),
    ("mb_multi_audio.mp4", Expected::Refusal(ErrorCode::NoVideoStream)),
    ("mb_sar_2x1.mp4", Expected::Result(video(150, 1280, 360))),
    ("mb_vp9_alpha.webm", Expected::Result(Video { numbers_alone: true, ..video(541, 1280, 720) })),
    ("mb_vp9_alpha_faulty.webm", Expected::Result(Video { takes_long: true, ..video(300, 1920, 1080) })),
    ("mz_chunk_out_of_range.mp4", Expected::Refusal(ErrorCode::NoFrames)),
    ("mz_clusterfuzz_6093954524250112.mp4", Expected::Refusal(ErrorCode::NoFrames)),
    ("mz_h264_white_sar16_9.mp4", Expected::Result(video(1, 1138, 480))),
    ("mz_hevc_white_frame.mp4", Expected::Result(video(1, 640, 480))),
    ("mz_invalid_userdata.mp4", Expected::Refusal(ErrorCode::NoFrames)),
    ("mz_rotation90.mp4", Expected::Result(video(1, 60, 100).turned(90))),
    ("mz_zero_empty_stsc.mp4", Expected::Refusal(ErrorCode::NoFrames)),
    ("sm_FlashVideo.flv", Expected::Refusal(ErrorCode::NoFrames)),
    ("sm_Mpeg4.mp4", Expected::Refusal(ErrorCode::NoVideoStream)),
    ("sm_WindowsMediaVideo.wmv", Expected::Refusal(ErrorCode::NoFrames)),
    ("sm_mp4-with-audio.mp4", Expected::Refusal(ErrorCode::NoVideoStream)),
    ("sm_webm.webm", Expected::Result(video(1, 8, 8))),
    ("tc_av1.mkv", Expected::Result(video(125, 640, 360))),
    ("tc_hevc_10bit.mp4", Expected::Result(video(30, 200, 200))),
    ("tc_nasa_multistream.mp4", Expected::Result(video(325, 320, 180).with(Copied))),
];
