package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// control is the driver's line to the process: commands on stdin, one JSON line on stdout for each.
type control struct {
	reconciler *reconciler
	requests   *listCounter
	podEvents  *atomic.Int64
}

func say(event string, fields map[string]any) {
	fields["event"] = event
	fields["unix"] = float64(time.Now().UnixMicro()) / 1e6
	line, _ := json.Marshal(fields)
	fmt.Println(string(line))
}

// serve returns at the end of stdin.
func (c *control) serve(ctx context.Context) error {
	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		words := strings.Fields(commands.Text())
		switch {
		case len(words) == 1 && words[0] == "stats":
			say("stats", map[string]any{
				"pod_events": c.podEvents.Load(),
				"reconciles": c.reconciler.reconciles.Load(),
				"writes":     c.reconciler.writes.Load(),
				"lists":      c.requests.lists("pods", "secrets", "widgets"),
			})
		case len(words) == 2 && words[0] == "spin":
			seconds, err := strconv.ParseFloat(words[1], 64)
			if err != nil {
				return err
			}
			if err := c.spin(ctx, time.Duration(seconds*float64(time.Second))); err != nil {
				return err
			}
		default:
			return fmt.Errorf("unknown command %q", commands.Text())
		}
	}
	return commands.Err()
}

// spin keeps every Widget's key coming back for this long, and says how many reconciles that gave.
func (c *control) spin(ctx context.Context, duration time.Duration) error {
	var widgets WidgetList
	if err := c.reconciler.client.List(ctx, &widgets); err != nil {
		return err
	}
	c.reconciler.spinning.Store(true)
	for i := range widgets.Items {
		c.reconciler.queue.Add(reconcile.Request{NamespacedName: types.NamespacedName(client.ObjectKeyFromObject(&widgets.Items[i]))})
	}
	started, before := time.Now(), c.reconciler.reconciles.Load()
	time.Sleep(duration)
	took, after := time.Since(started), c.reconciler.reconciles.Load()
	c.reconciler.spinning.Store(false)
	say("spin", map[string]any{"seconds": took.Seconds(), "reconciles": after - before})
	return nil
}
