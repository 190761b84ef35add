//! The machine as a whole: uptime and open files.

use hailer_protocol::metrics::Host;

use crate::collector::{Collector, Readiness, Rows};
use crate::error::CollectError;
use crate::files::Tree;
use crate::procfs::file_nr::{self, FileNr};
use crate::procfs::uptime;
use crate::units;

impl Collector {
    pub(crate) fn host(&mut self, what: Host) -> Rows {
        let value = match what {
            Host::Uptime => {
                let text = self.files.text(Tree::Proc, "uptime")?;
                uptime::parse(&text).map(units::duration).into()
            }
            Host::FilesOpen => self.file_nr()?.open.map(units::count).into(),
            Host::FilesLimit => self.file_nr()?.limit.map(units::count).into(),
            Host::FilesUtilization => {
                let files = self.file_nr()?;
                units::share_of(files.open, files.limit)
            }
        };
        Ok(Readiness::Ready(vec![vec![value]]))
    }

    fn file_nr(&mut self) -> Result<FileNr, CollectError> {
        Ok(file_nr::parse(
            &self.files.text(Tree::Proc, "sys/fs/file-nr")?,
        ))
    }
}
