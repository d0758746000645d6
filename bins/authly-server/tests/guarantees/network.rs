//! G2: the database goes away in the middle of an import, or the connection to it does.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use authly_legacy_source::Legacy;
use authly_pg_fixture::OwnServer;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
};

use crate::{
    snapshot::Snapshot,
    world::{Dice, Kind, World, dirty, is_heavy, long},
};

/// Passes connections on, and cuts all of them after so many bytes, or one of them at a commit.
struct Proxy {
    port: u16,
    left: Arc<AtomicI64>,
    commits: Arc<Commits>,
}

/// At which commit from now on a connection is cut.
struct Commits {
    left: AtomicI64,
    /// Whether the database does it, and only its answer is lost.
    arrives: AtomicBool,
}

/// How a connection asks for it.
const COMMIT: &[u8] = b"COMMIT\0";

impl Proxy {
    async fn before(socket: PathBuf) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let left = Arc::new(AtomicI64::new(i64::MAX));
        let (cut, cuts) = watch::channel(0_u32);
        let (cut, counter) = (Arc::new(cut), left.clone());
        let commits = Arc::new(Commits { left: AtomicI64::new(0), arrives: AtomicBool::new(false) });
        let at = commits.clone();
        tokio::spawn(async move {
            while let Ok((outer, _)) = listener.accept().await {
                let (socket, counter, cut, mut cuts) = (socket.clone(), counter.clone(), cut.clone(), cuts.clone());
                let at = at.clone();
                tokio::spawn(async move {
                    cuts.mark_unchanged();
                    let Ok(inner) = UnixStream::connect(socket).await else { return };
                    tokio::select! {
                        () = pass(outer, inner, &counter, &cut, &at) => {}
                        _ = cuts.changed() => {}
                    }
                });
            }
        });
        Self { port, left, commits }
    }

    /// The next bytes are the last, until more is allowed.
    fn cut_after(&self, bytes: i64) {
        self.left.store(bytes, Ordering::SeqCst);
    }

    /// That commit from now on is lost, or its answer.
    fn cut_at_commit(&self, number: i64, arrives: bool) {
        self.commits.arrives.store(arrives, Ordering::SeqCst);
        self.commits.left.store(number, Ordering::SeqCst);
    }
}

async fn pass(
    mut outer: TcpStream,
    mut inner: UnixStream,
    left: &AtomicI64,
    cut: &watch::Sender<u32>,
    commits: &Commits,
) {
    let (mut there, mut back) = (vec![0; 4_096], vec![0; 4_096]);
    loop {
        let read = tokio::select! {
            read = outer.read(&mut there) => match read {
                Ok(length @ 1..) => {
                    let commits_now = there[..length].windows(COMMIT.len()).any(|part| part == COMMIT);
                    if commits_now && commits.left.fetch_sub(1, Ordering::SeqCst) == 1 {
                        if commits.arrives.load(Ordering::SeqCst) && inner.write_all(&there[..length]).await.is_ok() {
                            let _answer = inner.read(&mut back).await;
                        }
                        return;
                    }
                    inner.write_all(&there[..length]).await.map(|()| length)
                }
                _ => return,
            },
            read = inner.read(&mut back) => match read {
                Ok(length @ 1..) => outer.write_all(&back[..length]).await.map(|()| length),
                _ => return,
            },
        };
        let Ok(length) = read else { return };
        let length = i64::try_from(length).unwrap();
        let before = left.fetch_sub(length, Ordering::SeqCst);
        if before > 0 && before <= length {
            left.store(i64::MAX, Ordering::SeqCst);
            cut.send_modify(|cuts| *cuts += 1);
        }
    }
}

/// Whoever sends a commit and hears nothing does not know whether it is there; the next run reads it from the database.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_lost_or_whose_answer_is_costs_no_row() {
    let plan = dirty(Legacy::Tenants, 300);
    let whole = World::new(Kind::Postgres, plan).await;
    whole.import(&["--execute"]);

    let server = OwnServer::start();
    let proxy = Proxy::before(server.socket()).await;
    let direct = World::new(Kind::Postgres, plan).await.at(&server.url());
    direct.ok(&["migrate", "schema", "up"]);
    let world = direct.at(&format!("postgresql://postgres@127.0.0.1:{}/postgres", proxy.port));
    let lines = "SELECT COALESCE(max(last_seq), 0) FROM migration_runs";
    for number in 1..=9 {
        for arrives in [false, true] {
            proxy.cut_at_commit(number, arrives);
            let done = world.admin(&world.about_source(&["import", "--execute"], &["--batch", "10"]));
            assert_eq!(done.code, Some(1), "commit {number}, which arrives: {arrives}: {done:?}");
            assert!(proxy.commits.left.load(Ordering::SeqCst) <= 0, "there was no commit {number}");
            proxy.cut_at_commit(0, false);
            world.release().await;
        }
    }
    let before = world.number(lines).await;
    assert!((1..300).contains(&before), "{before} lines: the cuts met no batch, or none was left");
    let last = world.import(&["--execute"]);
    assert_eq!(last["reconciles"], true, "{last}");
    let (mine, theirs) = (Snapshot::of(&world).await.comparable(), Snapshot::of(&whole).await.comparable());
    mine.must_equal(&theirs, "after the commits that were lost, and undisturbed");
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_connections_and_a_database_that_restarts_cost_no_row() {
    // So many bytes for each row let some imports end before the cut where there are few, and leave rows to the restarts
    // where there are many.
    let begin = Instant::now();
    let (rows, rounds, restarts, bytes) = long(20_000).map_or((500, 5, 3, 7_500), |rows| (rows, 30, 10, 3_000));
    let plan = dirty(Legacy::Tenants, rows);
    let whole = World::new(Kind::Postgres, plan).await;
    whole.import(&["--execute"]);

    let mut server = OwnServer::start();
    let proxy = Proxy::before(server.socket()).await;
    let direct = World::new(Kind::Postgres, plan).await.at(&server.url());
    direct.ok(&["migrate", "schema", "up"]);
    let mut dice = Dice(0x51_7cc1_b727_2202);
    let mut failed = 0;

    // Cut at any byte, be it of a question, of an answer or of a commit.
    let through = format!("postgresql://postgres@127.0.0.1:{}/postgres", proxy.port);
    let world = direct.at(&through);
    for _ in 0..rounds {
        proxy.cut_after(20_000 + i64::try_from(dice.below(u64::from(rows / rounds) * bytes)).unwrap());
        let done = world.admin(&world.about_source(&["import", "--execute"], &["--batch", "20"]));
        assert!(matches!(done.code, Some(0..=2)), "{done:?}");
        failed += u32::from(done.code == Some(1));
        proxy.cut_after(i64::MAX);
        world.release().await;
    }
    println!("{rows} rows, {failed} of {rounds} imports ended by a cut");
    assert!(failed > rounds / 5, "only {failed} of {rounds} imports ended by a cut");

    // Gone and back, as after a crash.
    let world = world.at(&server.url());
    let rate = if is_heavy() { "3000" } else { "300" };
    let lines = "SELECT COALESCE(sum(last_seq), 0)::bigint FROM migration_runs";
    for _ in 0..restarts {
        let before = world.number(lines).await;
        let mut child = world.start_import(&["--batch", "20", "--max-rate", rate], None);
        while world.number(lines).await == before && child.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(dice.millis(500)).await;
        server.crash_and_start();
        child.wait().unwrap();
        world.release().await;
    }
    let left = i64::from(rows) - world.number("SELECT max(last_seq) FROM migration_runs").await;
    println!("{restarts} restarts, after which some {left} rows are left, {:?} from the beginning", begin.elapsed());

    let last = world.import(&["--execute"]);
    assert_eq!(last["reconciles"], true, "{last}");
    let ledger = ["migration_items"];
    let (mine, theirs) = (Snapshot::of(&world).await.comparable(), Snapshot::of(&whole).await.comparable());
    mine.clone().without(&ledger).must_equal(&theirs.clone().without(&ledger), "after the cuts, and undisturbed");
    // An import that was through when it was cut is followed by one that changes nothing: all lines but its own are the same.
    let changes = |snapshot: &Snapshot| {
        let rows = snapshot.0["migration_items"].iter();
        rows.filter(|row| !row.contains("\"action\": \"note\"")).count()
    };
    assert_eq!(changes(&mine), changes(&theirs));
    println!("{rows} rows, {} changes in the ledger, equal to the undisturbed, {:?}", changes(&mine), begin.elapsed());
}
