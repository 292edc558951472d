package local

func getTask(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	t, err := c.s.find(c.params["taskId"])
	if err != nil {
		return nil, err
	}
	return t.text, nil
}

func getStatus(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	t, err := c.s.find(c.params["taskId"])
	if err != nil {
		return nil, err
	}
	return statusReply(t), nil
}

// batchOf makes the handler of a call that gives many tasks. Unknown ones are left out, in silence.
func batchOf(field string, show func(t *task) object) handler {
	return func(c *call) (any, error) {
		ids := texts(c.data(), "taskIds")
		if err := c.authorize(nil, map[string][]string{"taskIds": ids}); err != nil {
			return nil, err
		}
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		var found []*task
		seen := map[string]bool{}
		for _, id := range ids {
			if t := c.s.queue.tasks[id]; t != nil && !seen[id] {
				seen[id] = true
				found = append(found, t)
			}
		}
		rows, token, err := page(c, found)
		out := make([]object, len(rows))
		for i, t := range rows {
			out[i] = show(t)
		}
		return paged(object{field: out}, token), err
	}
}

func showDefinition(t *task) object { return object{"taskId": t.id, "task": t.text} }
func showStatus(t *task) object     { return object{"taskId": t.id, "status": t.status()} }

func listDependentTasks(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	id := c.params["taskId"]
	if c.s.queue.tasks[id] == nil {
		return nil, refuse("ResourceNotFound", "there is no task `%s`", id)
	}
	rows, token, err := page(c, c.s.queue.dependents[id])
	return paged(object{"taskId": id, "tasks": c.s.bothOf(rows)}, token), err
}

// bothOf gives definitions and statuses.
func (s *Server) bothOf(ids []string) []object {
	out := make([]object, len(ids))
	for i, id := range ids {
		out[i] = s.queue.tasks[id].both()
	}
	return out
}

// findGroup gives a group or refuses.
func (s *Server) findGroup(id string) (*group, error) {
	g := s.queue.groups.rows[id]
	if g == nil {
		return nil, refuse("ResourceNotFound", "there is no task group `%s`", id)
	}
	return g, nil
}

func getTaskGroup(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	g, err := c.s.findGroup(c.params["taskGroupId"])
	if err != nil {
		return nil, err
	}
	return g.reply(c.params["taskGroupId"]), nil
}

func listTaskGroup(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	id := c.params["taskGroupId"]
	g, err := c.s.findGroup(id)
	if err != nil {
		return nil, err
	}
	rows, token, err := page(c, g.ids())
	if err != nil {
		return nil, err
	}
	reply := g.reply(id)
	reply["tasks"] = c.s.bothOf(rows)
	return paged(reply, token), nil
}

func sealTaskGroup(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	id := c.params["taskGroupId"]
	g, err := c.s.findGroup(id)
	if err != nil {
		return nil, err
	}
	if err := c.authorize(map[string]string{"schedulerId": g.SchedulerID}, nil); err != nil {
		return nil, err
	}
	if g.Sealed.IsZero() {
		g.Sealed = newStamp(c.now)
		c.s.queue.groups.set(id, g)
	}
	return g.reply(id), nil
}

func cancelTaskGroup(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	id := c.params["taskGroupId"]
	g, err := c.s.findGroup(id)
	if err != nil {
		return nil, err
	}
	if g.Sealed.IsZero() {
		// As in the real queue this comes before the question who asks.
		return nil, refuse("RequestConflict", "task group `%s` is not sealed, so it cannot be canceled", id)
	}
	if err := c.authorize(map[string]string{"schedulerId": g.SchedulerID}, nil); err != nil {
		return nil, err
	}
	ids := []string{}
	for _, member := range g.ids() {
		t := c.s.queue.tasks[member]
		if t.Deadline.After(c.now) && c.s.cancel(t, "canceled", c.now) {
			ids = append(ids, member)
		}
	}
	return object{"taskGroupId": id, "taskGroupSize": len(g.members), "cancelledCount": len(ids), "taskIds": ids}, nil
}

func changeTaskGroupPriority(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	id := c.params["taskGroupId"]
	g, err := c.s.findGroup(id)
	if err != nil {
		return nil, err
	}
	if err := c.authorize(map[string]string{"schedulerId": g.SchedulerID}, nil); err != nil {
		return nil, err
	}
	changed := []string{}
	for _, member := range g.ids() {
		t := c.s.queue.tasks[member]
		if t.active() && t.Priority != text(c.data(), "newPriority") {
			if err := c.s.reprioritize(t, text(c.data(), "newPriority")); err != nil {
				return nil, err
			}
			changed = append(changed, member)
		}
	}
	return object{"taskGroupId": id, "tasksAffected": len(changed), "taskIds": changed}, nil
}
