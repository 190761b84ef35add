//! Whom an agent believes, and who is revoked: what changes while it serves.

use std::sync::Arc;

use hailer_identity::{ListRefused, SignatureJudge};
use hailer_protocol::error::ErrorCode;
use hailer_protocol::message::Refused;
use hailer_protocol::revocation::{Revocations, SignedRevocations};

use super::{Host, lock};
use crate::clock;
use crate::core::{Adopted, list_name};
use crate::papers;

impl Host {
    /// Takes a signed revocation list, and says whether it is news.
    ///
    /// # Errors
    /// Says why it is not taken.
    pub async fn take_list(
        self: &Arc<Self>,
        signed: &SignedRevocations,
    ) -> Result<bool, ListRefused> {
        let taken = lock(&self.core).take_list(clock::now(), signed)?;
        let (name, number) = (list_name(taken.scope), taken.number);
        if taken.is_news {
            tracing::info!(number, "{name} holds from now on");
        }
        self.carry_out(taken.effects).await;
        Ok(taken.is_news)
    }

    /// Returns what is revoked.
    #[must_use]
    pub fn revocations(&self) -> Arc<Revocations> {
        lock(&self.core).revocations()
    }

    /// Believes other authorities from now on.
    pub fn set_judge(&self, judge: Arc<SignatureJudge>) {
        lock(&self.core).set_judge(judge);
    }

    /// Writes down the authorities of a bundle, and believes them: signatures at once, certificates
    /// when the file is read again, within a second.
    ///
    /// # Errors
    /// What to answer where they are not taken; then nothing has changed.
    pub(crate) async fn adopt(&self, adopted: Box<Adopted>) -> Result<(), Refused> {
        let Some(path) = self.config.ca.clone() else {
            let why = "this agent keeps no file of authorities, and cannot take others";
            return Err(Refused::new(ErrorCode::UNSUPPORTED, why));
        };
        // One at a time: the file must not end up older than what is believed.
        let _one = self.adopting.lock().await;
        if let Err(e) = lock(&self.core).check_newer(adopted.number) {
            return Err(Refused::new(ErrorCode::DENIED, e.to_string()));
        }
        let (number, trust) = (adopted.number, adopted.trust.clone());
        let written = tokio::task::spawn_blocking(move || papers::write_ca(&path, number, &trust));
        let written = written.await.map_err(|e| e.to_string());
        written
            .and_then(|done| done.map_err(|e| e.to_string()))
            .map_err(|e| Refused::new(ErrorCode::INTERNAL, e))?;
        lock(&self.core).adopt(&adopted);
        tracing::info!(
            number,
            authorities = adopted.trust.authorities().count(),
            "other authorities are believed from now on"
        );
        Ok(())
    }
}
