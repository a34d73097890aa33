def test_every_page_opens(scenario, signed_in):
    case = scenario.register(3)[0]
    b = signed_in("chengjiao1")
    t = scenario.task_of(case, "survey_site")
    for a in ("/inbox", "/cases", f"/cases/{case}", f"/tasks/{t.task_id}", "/cases/new", "/inbox?lang=en", f"/tasks/{t.task_id}", f"/cases/{case}"):
        r = b.get(a)
        assert r.status_code == 200, (a, r.get_data(as_text=True)[:2000])
    b = signed_in("ducha1")
    for a in ("/register", "/cases", "/inbox"):
        r = b.get(a)
        assert r.status_code == 200, (a, r.get_data(as_text=True)[:2000])
