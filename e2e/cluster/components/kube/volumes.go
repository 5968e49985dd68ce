package main

import (
	"bytes"
	"log"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/unix"
)

// volumeFolder is where the controller manager's host-path provisioner makes a directory for each volume.
const volumeFolder = "/tmp/hostpath_pv"

// openVolumes lets pods that do not run as root write to their volumes: the provisioner makes directories with
// mode 0750, and Kubernetes applies no fsGroup to host paths. Works until the process ends.
func openVolumes(folder string) error {
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
		openVolume(filepath.Join(folder, entry.Name()))
	}
	go openNewVolumes(watch, folder)
	return nil
}

func openNewVolumes(watch int, folder string) {
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
			openVolume(filepath.Join(folder, string(bytes.TrimRight(name, "\x00"))))
			at += unix.SizeofInotifyEvent + int(event.Len)
		}
	}
}

func openVolume(path string) {
	if err := os.Chmod(path, 0o777); err != nil && !os.IsNotExist(err) {
		log.Printf("kube: %v", err)
	}
}
