//! Work in parallel, answers in the order of the questions.

use std::io;
use std::num::NonZero;
use std::sync::mpsc;
use std::thread;

/// So many questions for each job may be waiting, or be answered and wait for an earlier answer. This, and not the number of
/// questions, bounds what is in memory.
const AHEAD: usize = 64;

/// Has `jobs` threads answer the questions, and tells each answer as soon as all that come before it are told.
///
/// The first question that cannot be had, and the first answer that cannot be told, is the end.
pub fn in_order<Q: Send, A: Send>(
    jobs: NonZero<usize>,
    questions: impl Iterator<Item = io::Result<Q>>,
    answer: impl Fn(Q) -> A + Sync,
    mut tell: impl FnMut(A) -> io::Result<()> + Send,
) -> io::Result<()> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs.get()).build().map_err(io::Error::other)?;
    let (queue, answers) = mpsc::sync_channel::<mpsc::Receiver<A>>(jobs.get().saturating_mul(AHEAD));
    let answer = &answer;
    thread::scope(|threads| {
        let teller = threads
            .spawn(move || answers.into_iter().try_for_each(|answer| tell(answer.recv().map_err(io::Error::other)?)));
        let asked = pool.in_place_scope(move |scope| {
            for question in questions {
                let question = question?;
                let (give, take) = mpsc::sync_channel(1);
                if queue.send(take).is_err() {
                    break;
                }
                scope.spawn(move |_| {
                    // Nobody listens any more if an answer could not be told.
                    let _ = give.send(answer(question));
                });
            }
            Ok(())
        });
        let told = teller.join().map_err(|_| io::Error::other("the thread that prints has panicked"))?;
        asked.and(told)
    })
}
