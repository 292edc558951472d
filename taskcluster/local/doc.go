// Package local serves the part of the Taskcluster API that decision, action and cron tasks need, in this process: queue,
// index, auth, hooks, secrets, purge-cache, notify and object. It behaves as the real services do, so that a client
// cannot tell them apart.
//
//	s, err := local.New(local.Options{})
//	...
//	running, err := s.Listen(0)
//	...
//	defer running.Shutdown(ctx)
//	queue := tcqueue.New(s.RootCredentials(), running.RootURL())
//
// In tests the handler can stand in a server of one's own:
//
//	web := httptest.NewServer(s.Handler())
//	index := tcindex.New(s.Credentials("index:find-task:*"), web.URL)
//
// # How it works
//
// Which calls there are, which scopes they need and what they may say is not written in code: it comes from the
// references and schemas of the real services, see data/README.md. Code gives each call its deed. [Calls] says
// which have none; they answer with 501.
//
// Everything is in memory, behind one mutex that is never held while waiting. With a state directory each change goes
// through a journal into a store before the caller gets its answer, so whatever was answered survives a crash.
//
// Time is Options.Clock. Nothing happens in the background but by [Server.Settle], which is also done before each request
// and, by [Server.Listen], every second. So a test moves its clock, asks, and finds deadlines and claims past.
//
// # What it is not
//
// There is no Pulse: what listens there in the real deployment (the index, notifications, dependencies) is done at
// once. Nothing that has expired is removed. Nothing runs the tasks. The scopes of the
// real services among themselves are not checked.
package local
