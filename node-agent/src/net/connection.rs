//! One connection: its streams become inputs of the core, and the core's effects are carried out.

use std::sync::Arc;

use hailer_protocol::error::ErrorCode;
use hailer_protocol::farewell::code;
use hailer_protocol::message::{AuditCountersigned, OutputMode, Refused};
use quinn::{Connection, VarInt};
use rustls::pki_types::CertificateDer;

use super::inbound::{Inbound, Next};
use super::outbound::Outbound;
use crate::core::{Effect, Farewell, Input, Peer, StreamRef};
use crate::host::Host;
use crate::run;

/// Serves a connection until it ends.
pub(super) async fn serve(host: Arc<Host>, connection: Connection) {
    let Some(peer) = peer_of(&connection) else {
        connection.close(VarInt::from_u32(code::NO_IDENTITY), b"no identity");
        return;
    };
    let (conn, mut ends) = match host.connect(peer) {
        Ok(entered) => entered,
        Err(why) => return close(&connection, why.code_before(), why),
    };
    loop {
        let accepted = tokio::select! {
            biased;
            Ok(why) = &mut ends => {
                close(&connection, why.code(), why);
                break;
            }
            accepted = connection.accept_bi() => accepted,
        };
        match accepted {
            Ok((send, recv)) => {
                let host = Arc::clone(&host);
                tokio::spawn(serve_stream(
                    host,
                    conn,
                    Outbound::new(send),
                    Inbound::new(recv),
                ));
            }
            Err(e) => {
                tracing::debug!(error = %e, "connection ended");
                break;
            }
        }
    }
    host.disconnect(conn);
}

fn close(connection: &Connection, code: u32, why: Farewell) {
    connection.close(VarInt::from_u32(code), why.text().as_bytes());
}

fn peer_of(connection: &Connection) -> Option<Peer> {
    let chain = connection
        .peer_identity()?
        .downcast::<Vec<CertificateDer<'static>>>()
        .ok()?;
    Peer::of(*chain)
}

async fn serve_stream(host: Arc<Host>, conn: u64, mut outbound: Outbound, mut inbound: Inbound) {
    let at = StreamRef {
        conn,
        stream: inbound.stream(),
    };
    loop {
        match inbound.next().await {
            Next::Envelope(envelope) => {
                let effects = host.handle(Input::Envelope { at, envelope });
                if perform(&host, at, effects, &mut outbound, &mut inbound).await == After::Over {
                    break;
                }
            }
            Next::Reset => {
                host.act(Input::Reset { at }).await;
                break;
            }
            Next::Finished | Next::Lost => break,
            Next::Malformed(e) => {
                let text = e.to_string();
                let garbled = Input::Garbled {
                    at,
                    text: text.clone(),
                };
                host.act(garbled).await;
                let _ = outbound.push(&Refused::new(ErrorCode::MALFORMED, text));
                outbound.finish().await;
                break;
            }
        }
    }
    host.handle(Input::Closed { at });
}

#[derive(PartialEq, Eq)]
enum After {
    GoOn,
    Over,
}

/// Carries out effects in order; what a failed record guards is not done.
#[expect(clippy::too_many_lines, reason = "one arm for each effect")]
async fn perform(
    host: &Arc<Host>,
    at: StreamRef,
    effects: Vec<Effect>,
    outbound: &mut Outbound,
    inbound: &mut Inbound,
) -> After {
    for effect in effects {
        match effect {
            Effect::Send { envelope, .. } => outbound.push_envelope(&envelope),
            Effect::Finish { .. } => {
                outbound.finish().await;
                return After::Over;
            }
            Effect::Record(entry) => {
                if let Err(e) = host.record(&entry).await {
                    run::not_recorded(host, &entry, &e, outbound).await;
                    return After::Over;
                }
            }
            Effect::Adopt { adopted, .. } => {
                if let Err(refused) = host.adopt(adopted).await {
                    tracing::warn!(why = refused.text, "a trust bundle is not taken");
                    let _ = outbound.push(&refused);
                    outbound.finish().await;
                    return After::Over;
                }
            }
            Effect::Note(entry) => host.note(entry),
            Effect::Begin {
                run,
                who,
                permit,
                vouch,
                ..
            } => {
                tracing::debug!(run = %run.run, %who, "run begins");
                let id = run.run;
                let order = run::Order {
                    run,
                    who,
                    permit,
                    vouch,
                };
                let carried = async {
                    if order.run.output == OutputMode::Kept {
                        run::launch(host, order, outbound).await;
                    } else {
                        run::carry_out(host, &order, outbound).await;
                    }
                };
                tokio::pin!(carried);
                tokio::select! {
                    () = &mut carried => return After::Over,
                    _ = silence(host, at, inbound) => {}
                }
                tracing::debug!(run = %id, "the asker is no longer listened to");
                carried.await;
                return After::Over;
            }
            Effect::Answer { run, .. } => {
                let answered = run::answer_again(host, run, outbound);
                tokio::pin!(answered);
                let heard = tokio::select! {
                    () = &mut answered => return After::Over,
                    heard = silence(host, at, inbound) => heard,
                };
                if heard == Silence::Listens {
                    answered.await;
                }
                return After::Over;
            }
            Effect::TellHead { ask, .. } => {
                let stands = Box::new(host.stands(ask).await);
                let more = host.handle(Input::Stands { at, stands });
                return Box::pin(perform(host, at, more, outbound, inbound)).await;
            }
            Effect::Countersign { entry, .. } => {
                let _ = match host.countersign(entry).await {
                    Ok(head) => outbound.push(&AuditCountersigned { head }),
                    Err(e) => outbound.push(&Refused::new(ErrorCode::INTERNAL, e.to_string())),
                };
                outbound.finish().await;
                return After::Over;
            }
            Effect::Kill { run, why } => host.kill(run, why),
            Effect::Close { conn, why } => host.close(conn, why),
            Effect::Forget { run } => host.shelf().forget(run),
            Effect::EndOrphan { run } => run::end_orphan(host, run),
        }
    }
    outbound.flush().await;
    After::GoOn
}

/// What an asker does who says nothing more.
#[derive(PartialEq, Eq)]
enum Silence {
    /// It waits for its answer.
    Listens,
    /// It is gone.
    Gone,
}

/// Returns when the asker has nothing more to say: it reset its half, which cancels, or is gone.
async fn silence(host: &Arc<Host>, at: StreamRef, inbound: &mut Inbound) -> Silence {
    loop {
        match inbound.next().await {
            Next::Reset => {
                host.act(Input::Reset { at }).await;
                return Silence::Listens;
            }
            Next::Finished | Next::Malformed(_) => return Silence::Listens,
            Next::Lost => return Silence::Gone,
            // Nothing may follow a run on its stream; the core ignores it.
            Next::Envelope(_) => {}
        }
    }
}
