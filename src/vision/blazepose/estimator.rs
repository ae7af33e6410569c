//! Reads the poses of several persons and follows them from frame to frame.

use crate::frame::RgbFrame;
use crate::geometry::{BBox, Size};
use crate::pose::{Pose, Skeleton};
use crate::vision::blazepose::coverage::{belongs, uncovered};
use crate::vision::blazepose::finder::{Finder, FinderModel};
use crate::vision::blazepose::ghosts::ghosts;
use crate::vision::blazepose::landmarks::Body;
use crate::vision::blazepose::patience::{Patience, Rhythm};
use crate::vision::blazepose::reader::{Reader, ReaderModel};
use crate::vision::blazepose::roi::Roi;
use crate::vision::blazepose::sighting::Sighting;
use crate::vision::blazepose::smoothing::Smoothing;
use crate::vision::blazepose::tracks::Tracks;
use crate::vision::engine_error::EngineError;

/// MediaPipe's `min_detection_confidence`.
const SEEN: f32 = 0.5;
/// Persons newly looked at in one frame: 5 to 12 ms each. The others have their turn in the next frames.
const ATTEMPTS: u32 = 3;
/// A person's own square is this much larger than their box: the finder wants to see some of what is around.
const AROUND_BOX: f32 = 1.5;
/// The longest wait between two looks over the whole frame, in frames: without an object detector, and with one, which sees more.
const LONGEST_ALONE: u32 = 10;
const LONGEST_AIDED: u32 = 30;

/// The two networks of BlazePose.
#[derive(Clone)]
pub struct BlazePoseModel {
    pub finder: FinderModel,
    pub reader: ReaderModel,
}

/// One session's poses. Frames must come in order; a frame of another size begins anew.
pub struct Estimator {
    finder: Finder,
    reader: Reader,
    tracks: Tracks,
    patience: Patience,
    rhythm: Rhythm,
    smoothing: Smoothing,
    size: Option<Size>,
}

/// Where to look for the person of a box.
#[derive(Clone, Copy)]
enum Way {
    Standing,
    Found,
}

impl Estimator {
    pub fn new(model: &BlazePoseModel) -> Result<Self, EngineError> {
        let (finder, reader) = (Finder::new(&model.finder)?, Reader::new(&model.reader)?);
        let (tracks, patience, rhythm) = (Tracks::default(), Patience::default(), Rhythm::default());
        Ok(Self { finder, reader, tracks, patience, rhythm, smoothing: Smoothing::default(), size: None })
    }

    /// The poses of a frame by track, the longest followed first. `persons` are the boxes of persons an object detector saw in this
    /// frame; there may be none. A pose that was found once is followed without them.
    pub fn estimate(&mut self, frame: &RgbFrame, persons: &[BBox], max_poses: usize) -> Result<Vec<Pose>, EngineError> {
        if self.size.replace(frame.size()) != Some(frame.size()) {
            self.tracks.truncate(0);
            (self.patience, self.rhythm) = (Patience::default(), Rhythm::default());
        }
        self.tracks.truncate(max_poses);
        if max_poses > 0 && frame.size().pixels() > 0 {
            self.follow(frame)?;
            self.discover(frame, persons, max_poses)?;
        }
        let pose = |id: u32, score: f32, keypoints: Vec<_>| Pose { track_id: Some(id), skeleton: Skeleton::BlazePose33, score, keypoints };
        Ok(self.tracks.seen().map(|t| pose(t.id, t.body.score, t.body.keypoints.clone())).collect())
    }

    /// Steadies the poses that `estimate` has just given for the frame of this time. Once begun, it wants to see every frame.
    pub fn smooth(&mut self, pts_us: i64, poses: &mut [Pose]) {
        let keypoints = self.smoothing.next(pts_us, self.tracks.seen().map(|t| (t.id, &t.body)));
        for (pose, keypoints) in poses.iter_mut().zip(keypoints) {
            pose.keypoints = keypoints;
        }
    }

    fn follow(&mut self, frame: &RgbFrame) -> Result<(), EngineError> {
        let (ids, squares): (Vec<_>, Vec<_>) = self.tracks.squares().unzip();
        let bodies = self.reader.read_all(frame, &squares)?;
        if self.tracks.update(ids.into_iter().zip(bodies).collect(), frame.size()) > 0 {
            self.rhythm.look_soon();
        }
        Ok(())
    }

    fn discover(&mut self, frame: &RgbFrame, persons: &[BBox], max_poses: usize) -> Result<(), EngineError> {
        self.patience.tick(persons);
        let time_to_look = self.rhythm.tick();
        let mut attempts = ATTEMPTS;

        let hidden = ghosts(persons, &self.bodies(), frame.size());
        self.tracks.hide(&hidden, frame.size());
        for person in uncovered(persons, &self.bodies(), frame.size()) {
            if self.tracks.followed() >= max_poses || attempts == 0 {
                return Ok(());
            }
            if self.patience.allows(&person) {
                attempts -= 1;
                if self.try_person(frame, &person)? { self.patience.succeeded(&person) } else { self.patience.failed(&person) }
            }
        }

        // Without anybody to follow and without boxes every frame may be the one in which somebody enters.
        let alone = persons.is_empty();
        if self.tracks.followed() >= max_poses || !(time_to_look || alone && self.tracks.followed() == 0) {
            return Ok(());
        }
        let mut found = false;
        for sighting in self.finder.find(frame, &Roi::whole(frame.size()), SEEN)? {
            if self.tracks.followed() >= max_poses || attempts == 0 {
                break;
            }
            let Some(square) = sighting.roi() else { continue };
            if !self.tracks.seen().any(|t| t.body.roi.is_near(&square)) {
                attempts -= 1;
                found |= self.begin(frame, &square, persons)?;
            }
        }
        match found {
            true => self.rhythm.look_soon(),
            false => self.rhythm.nothing_new(if alone { LONGEST_ALONE } else { LONGEST_AIDED }),
        }
        Ok(())
    }

    /// Looks for the person of a box: where an upright person would be, and with the finder in a square of their own, in which small
    /// persons are large enough to be seen. The first finds 87 of 100 pedestrians, the second 45, but also those who lie or are cut off.
    fn try_person(&mut self, frame: &RgbFrame, person: &BBox) -> Result<bool, EngineError> {
        let whole = person.y2 < frame.height() as f32 - 1.0;
        let upright = person.height() > 1.3 * person.width() && whole;
        for way in if upright { [Way::Standing, Way::Found] } else { [Way::Found, Way::Standing] } {
            let square = match way {
                Way::Standing => Some(Roi::standing(person)),
                Way::Found => self.sighted(frame, person)?,
            };
            let Some(square) = square.filter(Roi::is_usable) else { continue };
            let body = self.reader.read(frame, &square)?.filter(|body| belongs(body, person, frame.size()));
            if let Some(body) = body {
                return Ok(self.tracks.begin(body, frame.size()));
            }
        }
        Ok(false)
    }

    /// The square of the person the finder sees in and around a box.
    fn sighted(&mut self, frame: &RgbFrame, person: &BBox) -> Result<Option<Roi>, EngineError> {
        let around = Roi::around(person, AROUND_BOX);
        if !around.is_usable() {
            return Ok(None);
        }
        let seen = self.finder.find(frame, &around, SEEN)?;
        let overlap = |s: &Sighting| s.person_box(frame.size()).map_or(0.0, |b| b.iou(person));
        let theirs = seen.iter().filter(|s| person.contains(s.hips) || overlap(s) > 0.4);
        Ok(theirs.max_by(|a, b| (overlap(a) * a.score).total_cmp(&(overlap(b) * b.score))).and_then(Sighting::roi))
    }

    /// Follows the person in the square from now on, if there is one who is not followed yet.
    fn begin(&mut self, frame: &RgbFrame, square: &Roi, persons: &[BBox]) -> Result<bool, EngineError> {
        let Some(body) = self.reader.read(frame, square)? else { return Ok(false) };
        let mut bodies = self.bodies();
        bodies.push(&body);
        let is_ghost = ghosts(persons, &bodies, frame.size()).pop();
        Ok(is_ghost != Some(true) && self.tracks.begin(body, frame.size()))
    }

    fn bodies(&self) -> Vec<&Body> {
        self.tracks.seen().map(|t| &t.body).collect()
    }
}
