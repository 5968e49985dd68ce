package forward

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

const ownNamespace = "/proc/self/ns/net"

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}

func start(t *testing.T, target string) string {
	t.Helper()
	listener := listen(t)
	go func() {
		if err := Serve(listener, ownNamespace, target); err != nil {
			t.Skipf("needs root to enter a namespace: %v", err)
		}
	}()
	return listener.Addr().String()
}

// echo answers each connection with what it got, once the client has finished writing.
func echo(t *testing.T) string {
	t.Helper()
	listener := listen(t)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				got, _ := io.ReadAll(connection)
				_, _ = connection.Write(got)
			}()
		}
	}()
	return listener.Addr().String()
}

func exchange(t *testing.T, address string, text string) string {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.WriteString(connection, text)
	_ = connection.(*net.TCPConn).CloseWrite()
	got, err := io.ReadAll(connection)
	if err != nil {
		t.Error(err)
	}
	return string(got)
}

// A test that watches and lists with many clients would lose answers.
func TestManyConnectionsAtOnceGetTheirOwnAnswer(t *testing.T) {
	address := start(t, echo(t))
	var all sync.WaitGroup
	for i := range 200 {
		all.Add(1)
		go func() {
			defer all.Done()
			text := string(rune('a'+i%26)) + "-request"
			if got := exchange(t, address, text); got != text {
				t.Errorf("got %q, want %q", got, text)
			}
		}()
	}
	all.Wait()
}

// A stopped API server must look stopped at once: clients that hang are clients that do not retry.
func TestNobodyListeningResetsTheClient(t *testing.T) {
	closed := listen(t)
	closed.Close()
	connection, err := net.Dial("tcp", start(t, closed.Addr().String()))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := connection.Read(make([]byte, 1)); err == nil || err == io.EOF {
		t.Errorf("got %v, want a reset", err)
	}
}

func TestMissingNamespaceIsAnError(t *testing.T) {
	if err := Serve(listen(t), "/nonexistent", "127.0.0.1:1"); err == nil {
		t.Error("Serve accepted a namespace that does not exist")
	}
}
