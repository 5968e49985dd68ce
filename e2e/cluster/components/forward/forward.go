// Package forward listens in the network namespace that it was started in and connects every client to a target inside
// another one, so that processes of the host reach the API server without a route to the cluster.
//
// A connection that one side has finished writing to stays open until the other side ends too.
package forward

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Main runs the forwarder with the flags in os.Args and returns its exit code.
func Main() int {
	flags := flag.NewFlagSet("forward", flag.ExitOnError)
	listen := flags.String("listen", "127.0.0.1:0", "address to accept clients on, in this network namespace")
	netns := flags.String("netns", "", "path of the network namespace to connect from")
	target := flags.String("target", "", "address to connect to, inside that namespace")
	_ = flags.Parse(os.Args[1:])

	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Printf("forward: cannot listen on %s: %v", *listen, err)
		return 1
	}
	log.Printf("forward: %s -> %s in %s", listener.Addr(), *target, *netns)
	if err := Serve(listener, *netns, *target); err != nil {
		log.Printf("forward: cannot use network namespace %q: %v", *netns, err)
		return 1
	}
	return 0
}

// Serve forwards until the listener is closed; an error means that the namespace cannot be entered.
func Serve(listener net.Listener, netns, target string) error {
	dialer, err := newNamespaceDialer(netns)
	if err != nil {
		return err
	}
	for {
		client, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			// Out of descriptors or memory: give connections time to end instead of spinning.
			log.Printf("forward: accept: %v", err)
			time.Sleep(100 * time.Millisecond)
			continue
		}
		go serve(client.(*net.TCPConn), dialer, target)
	}
}

func serve(client *net.TCPConn, dialer *namespaceDialer, target string) {
	defer client.Close()
	server, err := dialer.dial(target)
	if err != nil {
		// The client sees a reset and retries: that is what a stopped API server looks like.
		_ = client.SetLinger(0)
		return
	}
	defer server.Close()
	var both sync.WaitGroup
	both.Add(2)
	go func() { defer both.Done(); copyThenHalfClose(server, client) }()
	go func() { defer both.Done(); copyThenHalfClose(client, server) }()
	both.Wait()
}

func copyThenHalfClose(to, from *net.TCPConn) {
	if _, err := io.Copy(to, from); err != nil {
		// A reset on one side ends both.
		_ = to.Close()
		_ = from.Close()
		return
	}
	_ = to.CloseWrite()
}

// namespaceDialer opens connections from another network namespace. A socket belongs to the namespace of the
// thread that made it, so one thread enters the namespace for good and makes all of the sockets; connecting and
// copying then happen on any thread.
type namespaceDialer struct {
	requests chan chan socketResult
}

type socketResult struct {
	fd  int
	err error
}

func newNamespaceDialer(path string) (*namespaceDialer, error) {
	dialer := &namespaceDialer{requests: make(chan chan socketResult)}
	entered := make(chan error)
	go dialer.makeSockets(path, entered)
	return dialer, <-entered
}

func (d *namespaceDialer) makeSockets(path string, entered chan<- error) {
	runtime.LockOSThread() // never unlocked: this thread stays in the other namespace
	namespace, err := os.Open(path)
	if err == nil {
		err = unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET)
		_ = namespace.Close()
	}
	entered <- err
	if err != nil {
		return
	}
	for reply := range d.requests {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		reply <- socketResult{fd, err}
	}
}

func (d *namespaceDialer) dial(target string) (*net.TCPConn, error) {
	address, err := net.ResolveTCPAddr("tcp4", target)
	if err != nil {
		return nil, err
	}
	reply := make(chan socketResult)
	d.requests <- reply
	made := <-reply
	if made.err != nil {
		return nil, made.err
	}
	file := os.NewFile(uintptr(made.fd), "forward")
	defer file.Close()
	// Bounds connect(2), and what is sent later without an answer: else the kernel gives up after minutes.
	if err := unix.SetsockoptInt(made.fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 10_000); err != nil {
		return nil, err
	}
	sockaddr := &unix.SockaddrInet4{Port: address.Port}
	copy(sockaddr.Addr[:], address.IP.To4())
	if err := unix.Connect(made.fd, sockaddr); err != nil {
		return nil, err
	}
	connection, err := net.FileConn(file)
	if err != nil {
		return nil, err
	}
	tcp, ok := connection.(*net.TCPConn)
	if !ok {
		_ = connection.Close()
		return nil, fmt.Errorf("%s is not a TCP address", target)
	}
	return tcp, nil
}
