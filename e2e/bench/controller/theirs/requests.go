package main

import (
	"net/http"
	"path"
	"sync"
)

// listCounter counts the lists that the process asks for, streamed ones included: the proof that a relist was one.
type listCounter struct {
	countsMutex sync.Mutex
	counts      map[string]int // by resource
}

type roundTripper func(*http.Request) (*http.Response, error)

func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }

func (c *listCounter) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		c.note(request)
		return next.RoundTrip(request)
	})
}

func (c *listCounter) note(request *http.Request) {
	query := request.URL.Query()
	watch := query.Get("watch") == "true" || query.Get("watch") == "1"
	if request.Method == http.MethodGet && (!watch || query.Get("sendInitialEvents") == "true") &&
		!query.Has("continue") {
		c.countsMutex.Lock()
		c.counts[path.Base(request.URL.Path)]++
		c.countsMutex.Unlock()
	}
}

func (c *listCounter) lists(resources ...string) map[string]int {
	c.countsMutex.Lock()
	defer c.countsMutex.Unlock()
	out := map[string]int{}
	for _, resource := range resources {
		out[resource] = c.counts[resource]
	}
	return out
}
