//! A copy of the live database, as it is at one instant.

use std::fs::File;
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::store::StoreError;

/// How many pages are copied before they are sent to the disk: 2 MiB. Left to itself the system would
/// collect gigabytes, and every commit that comes then waits for all of them, half a second and more.
const STEP: i32 = 512;

/// Copies the live database, page by page, into a new file, as it is at one instant.
pub(in crate::store) fn copy_to(
    connection: &Connection,
    target: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), StoreError> {
    let mut copy = Connection::open(target)?;
    // Open until the copy is closed: closing it takes the engine's locks off the file.
    let file = File::open(target)?;
    // Without a view of its own the copy would begin again with each change that another process
    // makes, and never end on a busy day.
    connection.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema;")?;
    let copied = copy_pages(connection, &mut copy, &file, progress);
    connection.execute_batch("ROLLBACK")?;
    copied?;
    // A copy is one file: no log beside it.
    copy.execute_batch("PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL;")?;
    copy.close().map_err(|(_, error)| error.into())
}

/// While pages are copied, those before them go to the disk.
fn copy_pages(
    connection: &Connection,
    copy: &mut Connection,
    file: &File,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), StoreError> {
    let backup = Backup::new(connection, copy)?;
    std::thread::scope(|scope| {
        let (sender, copied) = sync_channel(0);
        let saving = scope.spawn(move || save(file, &copied));
        loop {
            let step = backup.step(STEP)?;
            let state = backup.progress();
            let (left, all) = (state.remaining.max(0), state.pagecount.max(0));
            progress(u64::from((all - left).unsigned_abs()), u64::from(all.unsigned_abs()));
            match step {
                StepResult::Done => break,
                // Whoever saves has failed, and says why.
                StepResult::More if sender.send(()).is_err() => break,
                StepResult::More => {}
                _ => std::thread::sleep(Duration::from_millis(20)),
            }
        }
        drop(sender);
        saving.join().map_err(|_| StoreError::Unwritable("the copy was given up".to_owned()))?
    })
}

fn save(file: &File, copied: &Receiver<()>) -> Result<(), StoreError> {
    Ok(copied.iter().try_for_each(|()| file.sync_data())?)
}
