//! Who the shell is: the operator's key and certificate, which may change while the shell is open.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use hailer_identity::{Credentials, Signer, Validity};
use hailer_protocol::time::Wall;

use super::error::FleetError;

/// What became of the operator's papers while the shell was open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PapersNews {
    /// Another certificate holds from now on, until then.
    Renewed(Wall),
    /// The files have changed and cannot be taken up, for this reason; the last ones hold on.
    Refused(String),
}

/// The operator's key and certificate of one moment.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) signer: Signer,
    pub(super) validity: Validity,
    chain: Vec<Vec<u8>>,
}

impl Current {
    fn of(credentials: &Credentials) -> Result<Self, FleetError> {
        let signer = Signer::new(credentials).map_err(|e| FleetError::Sign(e.to_string()))?;
        Ok(Self {
            signer,
            validity: credentials.validity(),
            chain: credentials.chain(),
        })
    }
}

/// The operator's papers over time.
#[derive(Debug)]
pub(super) struct Own {
    current: RwLock<Arc<Current>>,
    /// The newest that nobody has asked for yet.
    news: Mutex<Option<PapersNews>>,
}

impl Own {
    pub(super) fn new(credentials: &Credentials) -> Result<Self, FleetError> {
        Ok(Self {
            current: RwLock::new(Arc::new(Current::of(credentials)?)),
            news: Mutex::new(None),
        })
    }

    /// Returns those of this moment; what is begun with them is ended with them.
    pub(super) fn now(&self) -> Arc<Current> {
        let current = self.current.read();
        Arc::clone(&current.unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes these the ones of what is signed from now on. Returns whether the certificate is another.
    ///
    /// # Errors
    /// Refuses those of anybody else: what runs was begun in one name, and ends in it.
    pub(super) fn succeed(&self, credentials: &Credentials) -> Result<bool, FleetError> {
        let (before, next) = (self.now(), Current::of(credentials)?);
        let (own, theirs) = (before.signer.holder(), next.signer.holder());
        if own.identity != theirs.identity {
            return Err(FleetError::OtherOperator {
                own: Box::new(own.identity.clone()),
                theirs: Box::new(theirs.identity.clone()),
            });
        }
        let is_other = next.chain != before.chain;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        Ok(is_other)
    }

    /// Keeps news until somebody asks, in the place of older ones.
    pub(super) fn tell(&self, news: PapersNews) {
        *self.news.lock().unwrap_or_else(PoisonError::into_inner) = Some(news);
    }

    /// Returns the newest news, once.
    pub(super) fn news(&self) -> Option<PapersNews> {
        self.news
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}
