//! The name of the request that is being answered: problems carry it, wherever they are made.

use crate::ids::RequestId;

tokio::task_local! {
    static CURRENT: RequestId;
}

/// Answers a request of this name.
pub async fn within<T>(id: RequestId, answering: impl Future<Output = T>) -> T {
    CURRENT.scope(id, answering).await
}

/// What a problem's `instance` is: this occurrence of it, by the request's id.
pub fn instance() -> Option<String> {
    CURRENT.try_with(|id| format!("/requests/{id}")).ok()
}
