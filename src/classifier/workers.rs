//! Threads for work that keeps a core busy.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::{io, thread};

use lookbook_tflite::contain;
use tokio::sync::oneshot;

/// A fixed number of threads for decoding and inference.
///
/// An async executor's own threads must stay free to move bytes: a photo that takes 50 ms there would
/// stall every request that shares the thread. Jobs wait in a queue in the order in which they came.
/// The queue has no limit of its own: whoever calls [`Workers::run`] bounds what is in flight.
///
/// Tokio's `spawn_blocking` behind a semaphore would do nearly the same. But it panics where the
/// system refuses a thread, which here is an error of the one job; and its threads outlive whoever
/// asked for them, with all that they hold.
///
/// A job that has begun cannot be stopped. Once nobody waits for it any more it is abandoned: the next
/// job that comes gets a new thread in place of its own, so that it holds up nobody; and
/// [`abandoned`](Workers::abandoned) counts it for as long as it runs.
///
/// Dropping `Workers` ends the threads: each finishes the job that it has begun, and no more. The drop
/// does not wait for them.
#[derive(Debug)]
pub struct Workers {
    queue: mpsc::Sender<Task>,
    crew: Arc<Crew>,
}

/// A job with a way to answer.
type Task = Box<dyn FnOnce() + Send>;

/// What the threads share.
#[derive(Debug)]
struct Crew {
    tasks: Mutex<mpsc::Receiver<Task>>,
    /// How many threads there should be beside those with abandoned jobs.
    wanted: usize,
    counts: Mutex<Counts>,
    /// Whether the system refuses threads, to see what becomes of that.
    #[cfg(test)]
    refuses: std::sync::atomic::AtomicBool,
}

#[derive(Debug, Default)]
struct Counts {
    threads: usize,
    abandoned: usize,
}

/// Where a job stands.
enum Job<F> {
    Waits(F),
    Runs,
    /// It runs, and nobody waits for it.
    Abandoned,
    Ended,
}

/// Why a job gave no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkerError {
    /// The job panicked, with this message. The thread lives on.
    #[error("the work panicked: {0}")]
    Panicked(String),
    /// There is no thread to do the job: the system refused to start any.
    #[error(
        "no worker thread is running: the system refused to start one; raise its limit of threads"
    )]
    Stopped,
}

impl Workers {
    /// Starts `threads` threads.
    ///
    /// If the system refuses some of them, the others do the work; if it refuses all, every
    /// [`run`](Self::run) fails with [`WorkerError::Stopped`].
    #[must_use]
    pub fn new(threads: NonZeroUsize) -> Self {
        let (queue, tasks) = mpsc::channel();
        let crew = Arc::new(Crew {
            tasks: Mutex::new(tasks),
            wanted: threads.get(),
            counts: Mutex::default(),
            #[cfg(test)]
            refuses: false.into(),
        });
        crew.fill();
        Self { queue, crew }
    }

    /// How many jobs run on although nobody waits for them any more.
    #[must_use]
    pub fn abandoned(&self) -> usize {
        lock(&self.crew.counts).abandoned
    }

    /// Runs `job` on one of the threads and waits for what it returns.
    ///
    /// Dropping the future before the job has begun drops the job, and all that it holds, at once; a
    /// job that has begun runs to its end, abandoned, and its value is dropped.
    ///
    /// # Errors
    ///
    /// [`WorkerError::Panicked`] if the job panicked; [`WorkerError::Stopped`] if there is no thread.
    pub async fn run<T, F>(&self, job: F) -> Result<T, WorkerError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        if self.crew.fill() == 0 {
            return Err(WorkerError::Stopped);
        }
        let (answer, answered) = oneshot::channel();
        let job = Arc::new(Mutex::new(Job::Waits(job)));
        let _unless_ended = Withdraw { job: Arc::clone(&job), crew: Arc::clone(&self.crew) };
        let crew = Arc::clone(&self.crew);
        let task = move || {
            let begun = std::mem::replace(&mut *lock(&job), Job::Runs);
            let Job::Waits(begun) = begun else { return };
            let answered = contain(begun);
            let ended = std::mem::replace(&mut *lock(&job), Job::Ended);
            if matches!(ended, Job::Abandoned) {
                lock(&crew.counts).abandoned -= 1;
            }
            // Nobody waits for the answer any more: then it is not needed.
            let _ = answer.send(answered);
        };
        self.queue.send(Box::new(task)).map_err(|_| WorkerError::Stopped)?;
        answered.await.map_err(|_| WorkerError::Stopped)?.map_err(WorkerError::Panicked)
    }
}

impl Crew {
    /// Starts threads until there are as many as there should be, or the system refuses one. Says how
    /// many there are, those with abandoned jobs included: they go on after these.
    fn fill(self: &Arc<Self>) -> usize {
        let mut counts = lock(&self.counts);
        while counts.threads - counts.abandoned < self.wanted {
            if let Err(error) = self.start() {
                let (running, wanted) = (counts.threads - counts.abandoned, self.wanted);
                tracing::warn!(running, wanted, %error, "cannot start a worker thread");
                break;
            }
            counts.threads += 1;
        }
        counts.threads
    }

    fn start(self: &Arc<Self>) -> io::Result<()> {
        #[cfg(test)]
        if self.refuses.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let crew = Arc::clone(self);
        thread::Builder::new().name("worker".to_owned()).spawn(move || crew.work()).map(drop)
    }

    /// Whether another thread has this one's place. Then this one ends.
    fn leave(&self) -> bool {
        let mut counts = lock(&self.counts);
        let is_replaced = counts.threads - counts.abandoned > self.wanted;
        counts.threads -= usize::from(is_replaced);
        is_replaced
    }

    /// What each thread does until there are no more tasks and nobody who could add one.
    fn work(&self) {
        loop {
            // The lock is held while this thread waits, so that one waits here and the others there.
            let task = lock(&self.tasks).recv();
            let Ok(task) = task else { return };
            // The job's own panic is contained where its answer is sent; this is for what may still
            // panic after it, such as a value's drop.
            if let Err(message) = contain(task) {
                tracing::warn!(%message, "a job panicked after its end");
            }
            if self.leave() {
                return;
            }
        }
    }
}

/// Takes the job out of its task when the future that waits for it is dropped, or abandons it.
struct Withdraw<F> {
    job: Arc<Mutex<Job<F>>>,
    crew: Arc<Crew>,
}

impl<F> Drop for Withdraw<F> {
    fn drop(&mut self) {
        // The job is dropped with the lock free.
        let withdrawn = {
            let mut job = lock(&self.job);
            match std::mem::replace(&mut *job, Job::Ended) {
                Job::Runs => {
                    lock(&self.crew.counts).abandoned += 1;
                    *job = Job::Abandoned;
                    None
                }
                other => Some(other),
            }
        };
        drop(withdrawn);
    }
}

/// A lock that a panic cannot poison: no code of others runs while one is held.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use futures::FutureExt as _;

    use super::*;

    fn workers(threads: usize) -> Workers {
        Workers::new(NonZeroUsize::new(threads).unwrap())
    }

    /// A job that has begun, and that nobody waits for: it ends once it is let go.
    async fn abandon_one(workers: &Workers) -> mpsc::Sender<()> {
        let (begun, has_begun) = oneshot::channel();
        let (go, gone) = mpsc::channel::<()>();
        let job = workers.run(move || {
            let _ = begun.send(());
            let _ = gone.recv();
        });
        tokio::select! {
            _ = job => unreachable!("the job waits"),
            _ = has_begun => {}
        }
        go
    }

    #[tokio::test]
    async fn many_jobs_each_get_their_own_answer() {
        let workers = workers(3);
        let jobs = (0..500_usize).map(|n| workers.run(move || n * n));
        let answers = futures::future::join_all(jobs).await;
        for (n, answer) in answers.into_iter().enumerate() {
            assert_eq!(answer, Ok(n * n));
        }
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_the_thread_lives_on() {
        let workers = workers(1);
        let thread = workers.run(|| thread::current().id()).await.unwrap();
        for n in 0..3 {
            let error = workers.run(move || -> u8 { panic!("job {n}") }).await.unwrap_err();
            assert_eq!(error, WorkerError::Panicked(format!("job {n}")));
        }
        assert_eq!(workers.run(|| thread::current().id()).await, Ok(thread));
    }

    #[tokio::test]
    async fn a_value_that_panics_when_dropped_does_not_end_the_thread() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        let workers = workers(1);
        let (begun, has_begun) = oneshot::channel();
        let (go, gone) = mpsc::channel::<()>();
        let mut job = Box::pin(workers.run(move || {
            let _ = begun.send(());
            let _ = gone.recv();
            Bomb
        }));
        tokio::select! {
            _ = &mut job => unreachable!("the job waits"),
            _ = has_begun => {}
        }
        drop(job);
        assert_eq!(workers.abandoned(), 1);
        go.send(()).unwrap();
        assert_eq!(workers.run(|| 1).await, Ok(1));
        while workers.abandoned() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(lock(&workers.crew.counts).threads <= 2);
    }

    #[tokio::test]
    async fn without_threads_a_job_is_refused_and_one_that_is_left_goes_on() {
        use std::sync::atomic::Ordering::SeqCst;
        let workers = workers(1);
        let go = abandon_one(&workers).await;
        // No other thread can be had: the next job waits for the one that is held up.
        workers.crew.refuses.store(true, SeqCst);
        let next = workers.run(|| 1);
        go.send(()).unwrap();
        assert_eq!(next.await, Ok(1));

        let (queue, tasks) = mpsc::channel();
        let crew = Crew {
            tasks: Mutex::new(tasks),
            wanted: 2,
            counts: Mutex::default(),
            refuses: true.into(),
        };
        let workers = Workers { queue, crew: Arc::new(crew) };
        assert_eq!(workers.run(|| 1).await, Err(WorkerError::Stopped));
        workers.crew.refuses.store(false, SeqCst);
        assert_eq!(workers.run(|| 1).await, Ok(1));
    }

    #[tokio::test]
    async fn a_job_that_nobody_waits_for_is_dropped_at_once_and_never_begun() {
        let workers = workers(1);
        let (go, gone) = mpsc::channel::<()>();
        let ran = Arc::new(AtomicUsize::new(0));
        let mut busy = Box::pin(workers.run(move || gone.recv().is_ok()));
        assert!(busy.as_mut().now_or_never().is_none());

        let held = Arc::clone(&ran);
        let mut withdrawn = Box::pin(workers.run(move || held.fetch_add(1, Ordering::SeqCst)));
        assert!(withdrawn.as_mut().now_or_never().is_none());
        assert_eq!(Arc::strong_count(&ran), 2);
        drop(withdrawn);
        assert_eq!(Arc::strong_count(&ran), 1, "what the job held is free before a thread is");

        go.send(()).unwrap();
        assert_eq!(busy.await, Ok(true));
        assert_eq!(workers.run(|| ()).await, Ok(()));
        assert_eq!(ran.load(Ordering::SeqCst), 0);
    }

    /// A job cannot be stopped. It must not stop the others either.
    #[tokio::test]
    async fn an_abandoned_job_holds_up_no_other_and_is_counted_until_its_end() {
        let workers = workers(1);
        let mut stuck = Vec::new();
        for number in 1..=3 {
            let go = abandon_one(&workers).await;
            assert_eq!(workers.abandoned(), number);
            assert_eq!(workers.run(|| 1).await, Ok(1), "another thread took its place");
            stuck.push(go);
        }
        for go in stuck {
            go.send(()).unwrap();
        }
        for _ in 0..500 {
            if workers.abandoned() == 0 {
                // One thread is left, as there was at the beginning.
                let thread = workers.run(|| thread::current().id()).await;
                assert_eq!(workers.run(|| thread::current().id()).await, thread);
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("a job that has ended is still counted");
    }

    #[tokio::test]
    async fn dropping_the_workers_ends_the_threads() {
        let workers = workers(4);
        let alive = Arc::new(());
        for _ in 0..32 {
            let alive = Arc::clone(&alive);
            workers
                .run(move || {
                    thread_local!(static HELD: std::cell::RefCell<Vec<Arc<()>>> = const {
                        std::cell::RefCell::new(Vec::new())
                    });
                    HELD.with_borrow_mut(|held| held.push(alive));
                })
                .await
                .unwrap();
        }
        assert_eq!(Arc::strong_count(&alive), 33);
        drop(workers);
        for _ in 0..500 {
            if Arc::strong_count(&alive) == 1 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("a thread still holds its values");
    }

    #[tokio::test]
    async fn the_executor_is_free_while_jobs_run() {
        let workers = workers(2);
        let (go, gone) = mpsc::channel::<()>();
        // The job ends only once this thread, the executor's only one, goes on.
        let (done, ()) = tokio::join!(workers.run(move || gone.recv().is_ok()), async move {
            tokio::task::yield_now().await;
            go.send(()).unwrap();
        });
        assert_eq!(done, Ok(true));
    }
}
