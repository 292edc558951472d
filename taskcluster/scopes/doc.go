// Package scopes says whether a set of scopes satisfies others, by the rules of Taskcluster: a scope satisfies itself, and
// one that ends in * all that begin with what stands before.
//
//	set := scopes.NewSet("queue:route:index.app.*")
//	set.Satisfies("queue:route:index.app.v2.latest") // true
//
// Only the auth service knows roles: what begins with assume: has to be expanded there first.
package scopes
