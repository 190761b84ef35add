//! A pen: writes on a thread of its own, so that a full pipe or a stopped terminal keeps nobody from
//! hearing Ctrl-C.

use std::io;
use std::sync::mpsc as thread_channel;

use tokio::sync::{mpsc, oneshot};

type Job<T> = Box<dyn FnOnce(&mut T) + Send>;

/// A writer on a thread of its own. Dropping the pen does not wait for what is being written.
#[derive(Debug)]
pub struct Pen<T> {
    jobs: thread_channel::Sender<Job<T>>,
    done: mpsc::UnboundedReceiver<()>,
    outstanding: usize,
}

impl<T: Send + 'static> Pen<T> {
    /// Gives a writer its thread.
    ///
    /// # Errors
    /// When there can be no more threads.
    pub fn new(mut writer: T) -> io::Result<Self> {
        let (jobs, to_do) = thread_channel::channel::<Job<T>>();
        let (tell, done) = mpsc::unbounded_channel();
        std::thread::Builder::new()
            .name("pen".to_owned())
            .spawn(move || {
                for job in to_do {
                    job(&mut writer);
                    // A pen that was dropped asks for nothing any more.
                    let _ = tell.send(());
                }
            })?;
        Ok(Self {
            jobs,
            done,
            outstanding: 0,
        })
    }

    /// Lets something be written behind what is being written. Whoever has much to write waits for
    /// [`Pen::rests`] in between: nothing here is bounded.
    pub fn write(&mut self, job: impl FnOnce(&mut T) + Send + 'static) {
        if self.jobs.send(Box::new(job)).is_ok() {
            self.outstanding += 1;
        }
    }

    /// Whether something is being written.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        self.outstanding > 0
    }

    /// Waits until everything is written. May be dropped and called again.
    pub async fn rests(&mut self) {
        while self.outstanding > 0 {
            match self.done.recv().await {
                Some(()) => self.outstanding -= 1,
                // The thread is gone: a panic, which was told.
                None => self.outstanding = 0,
            }
        }
    }

    /// Lets something be written and waits for what comes of it; `None` if the thread is gone.
    pub async fn ask<R: Send + 'static>(
        &mut self,
        job: impl FnOnce(&mut T) -> R + Send + 'static,
    ) -> Option<R> {
        let (answer, answered) = oneshot::channel();
        self.write(move |writer| {
            let _ = answer.send(job(writer));
        });
        answered.await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[tokio::test]
    async fn what_is_written_keeps_its_order_and_the_pen_rests_behind_it() {
        let written = Arc::new(Mutex::new(Vec::new()));
        let mut pen = Pen::new(Arc::clone(&written)).expect("a thread");
        for n in 0..100 {
            pen.write(move |to: &mut Arc<Mutex<Vec<u32>>>| to.lock().expect("no panic").push(n));
        }
        pen.rests().await;
        assert!(!pen.is_busy());
        let expected: Vec<u32> = (0..100).collect();
        assert_eq!(*written.lock().expect("no panic"), expected);
        assert_eq!(
            pen.ask(|to| to.lock().expect("no panic").len()).await,
            Some(100)
        );
    }

    #[tokio::test]
    async fn a_writer_that_is_stuck_holds_nobody_up() {
        let (release, stuck) = thread_channel::channel::<()>();
        let mut pen = Pen::new(stuck).expect("a thread");
        pen.write(|stuck| {
            let _ = stuck.recv();
        });
        assert!(pen.is_busy());
        tokio::select! {
            biased;
            () = pen.rests() => panic!("nothing was released"),
            () = std::future::ready(()) => {}
        }
        release.send(()).expect("it waits");
        pen.rests().await;
        assert!(!pen.is_busy());
    }
}
