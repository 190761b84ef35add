//! Bytes with descriptors attached, over a Unix stream socket.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::retry_on_intr;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

/// The most descriptors that go with one message.
const MAX_FDS: usize = 3;

/// Sends some of `bytes`, and with the first of them all of `fds`, without waiting.
pub(crate) fn send(to: impl AsFd, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() {
        let fits = ancillary.push(SendAncillaryMessage::ScmRights(fds));
        debug_assert!(fits, "the buffer is made for MAX_FDS descriptors");
    }
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    Ok(sendmsg(to, &[IoSlice::new(bytes)], &mut ancillary, flags)?)
}

/// Waits for bytes and adds the descriptors that came with them to `fds`; 0 at the end.
///
/// A connection that was reset has ended.
pub(crate) fn receive(
    from: impl AsFd,
    bytes: &mut [u8],
    fds: &mut Vec<OwnedFd>,
) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received = retry_on_intr(|| {
        let mut into = [IoSliceMut::new(bytes)];
        recvmsg(
            from.as_fd(),
            &mut into,
            &mut ancillary,
            RecvFlags::CMSG_CLOEXEC,
        )
    });
    let n = match received {
        Ok(message) => message.bytes,
        Err(rustix::io::Errno::CONNRESET) => 0,
        Err(errno) => return Err(errno.into()),
    };
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            fds.extend(received);
        }
    }
    Ok(n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    #[test]
    fn descriptors_arrive_with_the_bytes_they_went_with() {
        let (near, far) = UnixStream::pair().unwrap();
        let (mut out, read) = UnixStream::pair().unwrap();
        assert_eq!(send(&near, b"a", &[]).unwrap(), 1);
        assert_eq!(
            send(&near, b"bc", &[read.as_fd(), read.as_fd()]).unwrap(),
            2
        );
        let (mut bytes, mut fds) = ([0; 1], Vec::new());
        assert_eq!(receive(&far, &mut bytes, &mut fds).unwrap(), 1);
        assert_eq!((bytes, fds.len()), (*b"a", 0));
        assert_eq!(receive(&far, &mut bytes, &mut fds).unwrap(), 1);
        assert_eq!((bytes, fds.len()), (*b"b", 2));
        assert_eq!(receive(&far, &mut bytes, &mut fds).unwrap(), 1);
        assert_eq!((bytes, fds.len()), (*b"c", 2));
        drop((read, near));
        assert_eq!(receive(&far, &mut bytes, &mut fds).unwrap(), 0);
        out.write_all(b"through").unwrap();
        let mut text = [0; 7];
        io::Read::read_exact(&mut File::from(fds.remove(0)), &mut text).unwrap();
        assert_eq!(&text, b"through");
    }
}
