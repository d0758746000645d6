//! Lets others go first where work can wait.

/// Gives the calling thread, and those that it starts from now on, less of the processors where they are short: 0 as before,
/// 19 what nobody else wants. A thread that gives way more already, as under `nice`, goes on so. Threads that write for others to
/// read soon, such as that of a store, are best started before.
pub fn give_way(nice: u8) {
    // On Linux this is about the calling thread. Where it is not allowed or not known, everything works as well, less evenly.
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{getpriority_process, setpriority_process};

        let nice = i32::from(nice.min(19));
        let _ = getpriority_process(None).and_then(|now| setpriority_process(None, nice.max(now)));
    }
    #[cfg(not(target_os = "linux"))]
    let _ = nice;
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_gives_way_and_those_that_it_starts_but_no_other() {
        let own = || rustix::process::getpriority_process(None).unwrap();
        let before = own();
        let (there, below) = std::thread::spawn(move || {
            give_way(17);
            (own(), std::thread::spawn(own).join().unwrap())
        })
        .join()
        .unwrap();
        let expected = before.max(17);
        assert_eq!((there, below, own()), (expected, expected, before));
    }

    #[test]
    fn a_thread_that_gives_way_already_never_takes_more_again() {
        let own = || rustix::process::getpriority_process(None).unwrap();
        let after = std::thread::spawn(move || {
            give_way(19);
            give_way(3);
            own()
        });
        assert_eq!(after.join().unwrap(), 19);
    }
}
