//! When the nodes are dialled: a small fleet before the first prompt, a large one behind it.

use std::sync::Arc;
use std::time::Duration;

use super::editor::Editor;
use crate::session::Session;

/// A fleet of more nodes is dialled once the prompt is there: not even the first of them would be
/// connected in time to be counted, and ten thousand handshakes leave the prompt no processor.
const SMALL_FLEET: usize = 500;

/// Connects all nodes in the background. The prompt of a small fleet waits a moment for them.
pub(super) async fn connect_all(session: &Session, editor: &Editor) {
    if session.inventory().len() <= SMALL_FLEET {
        session.fleet().connect_all_in_background();
        return settle(session).await;
    }
    let (fleet, screen) = (Arc::clone(session.fleet()), Arc::clone(editor.screen()));
    tokio::spawn(async move {
        let _ = tokio::time::timeout(DIAL_WITHIN, screen.painted()).await;
        fleet.connect_all_in_background();
    });
}

/// Nodes are dialled after this long even if no prompt is there: a line that was typed ahead may
/// run at once.
const DIAL_WITHIN: Duration = Duration::from_millis(500);

/// How long the first prompt waits for connections, so that a small fleet's says at once how many
/// there are. A prompt that is already there follows what comes later.
const SETTLE: Duration = Duration::from_millis(20);

async fn settle(session: &Session) {
    let all_up = async {
        while session.fleet().up_count() < session.inventory().len() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let _ = tokio::time::timeout(SETTLE, all_up).await;
}
