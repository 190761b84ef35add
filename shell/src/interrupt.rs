//! Ctrl-C while a line runs: once asks nobody else, twice stops those who were asked. What it means
//! is decided in [`crate::line`]; here it is only heard.

/// Turns interrupts of the terminal into wishes for the run under way.
#[derive(Debug)]
pub struct Interrupts {
    signal: tokio::signal::unix::Signal,
}

impl Interrupts {
    /// Takes SIGINT over from the default of ending the program.
    ///
    /// # Errors
    /// When the handler cannot be installed.
    pub fn take_over() -> std::io::Result<Self> {
        let kind = tokio::signal::unix::SignalKind::interrupt();
        Ok(Self {
            signal: tokio::signal::unix::signal(kind)?,
        })
    }

    /// Forgets interrupts that came before: they were meant for something else.
    ///
    /// # Errors
    /// When the handler cannot be installed.
    pub fn forget(&mut self) -> std::io::Result<()> {
        *self = Self::take_over()?;
        Ok(())
    }

    /// Waits for the next interrupt.
    pub async fn next(&mut self) {
        self.signal.recv().await;
    }
}
