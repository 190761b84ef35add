//! Prefixed lines: `web07: text`, as pdsh and clush print them.

use hailer_protocol::clean::Clean;

use super::block::lines_of;
use super::fit;

/// Returns every line of an output behind the node's name; nothing is wrapped or cut.
#[must_use]
pub(crate) fn prefixed(name: &Clean, output: &[u8], ascii: bool) -> String {
    let name = fit::one_line(name, ascii);
    let mut text = String::with_capacity(output.len());
    for line in lines_of(output) {
        let laid_out = fit::rows(line, None, 1, ascii);
        for row in &laid_out.rows {
            text.push_str(name.as_str());
            text.push_str(": ");
            text.push_str(row.as_str());
            text.push('\n');
        }
    }
    text
}
