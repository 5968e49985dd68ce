//! A listening socket whose port several threads may share; answers leave at once.

use std::net::SocketAddr;

use axum::serve::{Listener, ListenerExt};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};

const BACKLOG: i32 = 4096;

pub fn shared(
    address: SocketAddr,
) -> std::io::Result<impl Listener<Io = TcpStream, Addr = SocketAddr>> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let listener = TcpListener::from_std(socket.into())?;
    Ok(listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true); // a connection that is gone already says so when it is read
    }))
}
