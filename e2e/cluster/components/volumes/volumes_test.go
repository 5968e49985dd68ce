package volumes

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func mode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

// A database that does not run as root could not write to its volume.
func TestExistingAndNewVolumesAreOpened(t *testing.T) {
	folder := t.TempDir()
	before, after := filepath.Join(folder, "before"), filepath.Join(folder, "after")
	if err := os.Mkdir(before, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := Open(folder); err != nil {
		t.Fatal(err)
	}
	if got := mode(t, before); got != 0o777 {
		t.Errorf("existing volume has mode %o", got)
	}
	if err := os.Mkdir(after, 0o750); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Second); mode(t, after) != 0o777; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("new volume still has mode %o", mode(t, after))
		}
	}
}
