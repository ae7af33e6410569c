//! The pace at which a request's body must come: no long pause, and not too slowly altogether.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::rt::time::{Instant, Sleep, sleep_until};
use bytes::Bytes;
use futures_util::stream::Stream;

use super::problem::ApiError;
use crate::error_code::ErrorCode;

/// What is slower over the whole body only holds a place, by a byte now and then.
const LEAST_BYTES_PER_SECOND: u64 = 1024;

/// A body that fails where its sender is too slow.
pub struct Paced {
    body: Payload,
    /// Longest pause, and the time that is given before the pace counts.
    patience: Duration,
    began: Instant,
    received: u64,
    /// Runs while nothing is there.
    pause: Option<Pin<Box<Sleep>>>,
}

impl Paced {
    /// The same body with a pace, unless there is none.
    pub fn body(body: Payload, patience: Duration) -> Payload {
        if matches!(body, Payload::None) {
            return body;
        }
        let paced = Self { body, patience, began: Instant::now(), received: 0, pause: None };
        Payload::Stream { payload: Box::pin(paced) }
    }

    fn deadline(&self) -> Instant {
        let earned = Duration::from_secs(self.received / LEAST_BYTES_PER_SECOND);
        (Instant::now() + self.patience).min(self.began + self.patience + earned)
    }
}

impl Stream for Paced {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut self.body).poll_next(context);
        if let Poll::Ready(item) = next {
            self.pause = None;
            if let Some(Ok(bytes)) = &item {
                self.received += bytes.len() as u64;
            }
            return Poll::Ready(item);
        }
        let deadline = self.deadline();
        let pause = self.pause.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        pause.as_mut().poll(context).map(|()| Some(Err(PayloadError::Io(io::ErrorKind::TimedOut.into()))))
    }
}

/// Why a body ended early; `what` says what is missing.
pub fn ended_early(what: &str, error: &PayloadError) -> ApiError {
    match error {
        PayloadError::Io(error) if error.kind() == io::ErrorKind::TimedOut => {
            ApiError::new(ErrorCode::RequestTimeout, "The request stopped arriving, or came too slowly. Send it again.")
        }
        error => ApiError::new(ErrorCode::InvalidRequest, format!("{what}: {error}.")),
    }
}
