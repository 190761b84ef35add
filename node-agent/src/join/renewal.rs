//! Asking for the next certificate while the agent serves.
//!
//! The key stays: so one file changes, in one step, and whatever stops the agent in between leaves a
//! pair that fits. Connections that are there go on; the next handshake shows the new certificate.

use std::time::Duration;

use hailer_identity::{Credentials, KeyRequest, Trust, Validity, renewal_config, trust};
use hailer_protocol::message::RenewAsk;

use super::given;
use super::schedule::{Schedule, Step};
use crate::clock;
use crate::config::Config;
use crate::error::AgentError;
use crate::files::{self, PUBLIC};
use crate::net::{self, Listening};

/// How often the wall clock is looked at: it may be set, and a machine may sleep.
const LOOK: Duration = Duration::from_secs(30);

/// What renews an agent's certificate.
#[derive(Debug)]
pub struct Renewal {
    config: Config,
    keeper: String,
    validity: Validity,
}

impl Renewal {
    /// Prepares it; `None` where the configuration names no keeper.
    #[must_use]
    pub fn new(config: &Config, validity: Validity) -> Option<Self> {
        Some(Self {
            keeper: config.keeper.clone()?,
            config: config.clone(),
            validity,
        })
    }

    /// Renews whenever it is time. Never returns.
    pub async fn keep(mut self, listening: &Listening) {
        let mut schedule = Schedule::new(self.validity, chance());
        loop {
            let now = clock::wall();
            match schedule.step(now) {
                Step::Wait(at) => {
                    let wait = u64::try_from(at.0.saturating_sub(now.0)).unwrap_or(0);
                    tokio::time::sleep(Duration::from_millis(wait).min(LOOK)).await;
                }
                Step::Ask => match self.renew(listening).await {
                    Ok(()) => {
                        let now = clock::wall();
                        schedule = Schedule::after(now, self.validity, chance());
                    }
                    Err(e) => {
                        let now = clock::wall();
                        schedule.failed(now);
                        let keeper = &self.keeper;
                        if schedule.is_over(now) {
                            tracing::error!(error = %e, %keeper, "the certificate has ended and \
                                is not renewed; `hailerd join --replace` with a new token");
                        } else {
                            tracing::warn!(error = %e, %keeper, "the certificate is not renewed; \
                                the agent goes on with the old one");
                        }
                    }
                },
            }
        }
    }

    /// Asks for the next certificate. The files are read anew: certificate and authorities may have been
    /// replaced since the agent started, and what was taken out of them must not come back.
    async fn renew(&mut self, listening: &Listening) -> Result<(), AgentError> {
        let before = crate::papers::read(&self.config)?;
        renew_once(
            &self.config,
            &self.keeper,
            &before.credentials,
            &before.trust,
        )
        .await?;
        let next = crate::papers::read(&self.config)?;
        listening.reconfigure(next.tls)?;
        let not_after = next.validity.not_after.0;
        tracing::info!(not_after, "the certificate is renewed");
        self.validity = next.validity;
        Ok(())
    }
}

/// Asks the keeper for the next certificate of `own`, and writes it in the place of the last one.
///
/// # Errors
/// When the keeper cannot be reached or refuses; then the last one stays.
pub async fn renew_once(
    config: &Config,
    keeper: &str,
    own: &Credentials,
    trust: &Trust,
) -> Result<Credentials, AgentError> {
    let key_pem = files::read(&config.key)?;
    let request = KeyRequest::from_key_pem(&key_pem)
        .map_err(|e| AgentError::Join(e.to_string()))?
        .request_der;
    let tls = renewal_config(own, trust).map_err(|e| AgentError::Tls(e.to_string()))?;
    let address = super::command::resolve(keeper).await?;
    let enrolled = net::ask(address, tls, &RenewAsk { request })
        .await
        .map_err(|e| AgentError::Join(format!("ask the keeper at {keeper}: {e}")))?;
    let (credentials, cert_pem) = given::accept(&enrolled, &key_pem, &config.name, trust)?;
    given::compare(&enrolled, trust);
    files::replace(&config.cert, &cert_pem, PUBLIC)?;
    Ok(credentials)
}

/// Without randomness every node asks in the middle, which spreads nothing but breaks nothing either.
fn chance() -> u32 {
    let mut bytes = [0x80; 4];
    let _ = trust::provider().secure_random.fill(&mut bytes);
    u32::from_le_bytes(bytes)
}
