//! Answers questions in parallel, and reports the answers in the order of the questions.

use std::io;
use std::num::NonZero;
use std::sync::mpsc;
use std::thread;

/// The maximum number of questions per job that wait for an answer, or whose answers wait for an earlier one. It limits memory,
/// whatever the number of questions.
const AHEAD: usize = 64;

/// Answers the questions with `jobs` threads. Calls `tell` for each answer as soon as all earlier answers were told.
///
/// Stops at the first question that cannot be read, and at the first answer for which `tell` fails.
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
                    // Fails if an earlier answer could not be told, which has ended the work.
                    let _ = give.send(answer(question));
                });
            }
            Ok(())
        });
        let told = teller.join().map_err(|_| io::Error::other("the printing thread panicked"))?;
        asked.and(told)
    })
}
