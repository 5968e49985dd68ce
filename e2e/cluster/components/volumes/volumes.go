// Package volumes opens the folders that the controller manager's host-path provisioner makes to pods that do not run as
// root: it makes them with mode 0750, and Kubernetes applies no fsGroup to host paths.
package volumes

import (
	"bytes"
	"log"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Folder is where the provisioner makes a directory for each volume.
const Folder = "/tmp/hostpath_pv"

// Open gives every directory in the folder mode 0777, and every new one until the process ends.
func Open(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	watch, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err != nil {
		return err
	}
	if _, err := unix.InotifyAddWatch(watch, folder, unix.IN_CREATE|unix.IN_ONLYDIR); err != nil {
		return err
	}
	existing, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range existing {
		openOne(filepath.Join(folder, entry.Name()))
	}
	go openNew(watch, folder)
	return nil
}

func openNew(watch int, folder string) {
	buffer := make([]byte, 64*(unix.SizeofInotifyEvent+unix.NAME_MAX+1))
	for {
		size, err := unix.Read(watch, buffer)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			log.Printf("kube: new volumes stay closed to non-root pods: %v", err)
			return
		}
		for at := 0; at < size; {
			event := (*unix.InotifyEvent)(unsafe.Pointer(&buffer[at]))
			name := buffer[at+unix.SizeofInotifyEvent : at+unix.SizeofInotifyEvent+int(event.Len)]
			openOne(filepath.Join(folder, string(bytes.TrimRight(name, "\x00"))))
			at += unix.SizeofInotifyEvent + int(event.Len)
		}
	}
}

func openOne(path string) {
	if err := os.Chmod(path, 0o777); err != nil && !os.IsNotExist(err) {
		log.Printf("kube: %v", err)
	}
}
