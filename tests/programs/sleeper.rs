//! A process that other programs look at: three threads with names, a mapped file, as many MiB of untouched memory as are asked
//! for. It says when all of it is there, and sleeps.

use std::env;
use std::hint::black_box;
use std::sync::mpsc;
use std::thread;

use userdump::MappedFile;

fn main() {
    let mut words = env::args().skip(1);
    let file = words.next().map(|path| MappedFile::open(path).expect("it can be mapped"));
    let size = words.next().map_or(0, |size| size.parse::<usize>().expect("a number"));
    let untouched = vec![0_u8; size << 20];
    let (ready, all_ready) = mpsc::channel();
    for name in ["reader", "writer"] {
        let ready = ready.clone();
        let sleeps = move || {
            ready.send(()).expect("it is waited for");
            sleep()
        };
        thread::Builder::new().name(name.to_owned()).spawn(sleeps).expect("it can be started");
    }
    all_ready.iter().take(2).for_each(drop);
    println!("ready");
    black_box((&file, &untouched));
    sleep();
}

fn sleep() {
    loop {
        thread::park();
    }
}
