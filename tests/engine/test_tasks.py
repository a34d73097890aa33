def test_x(scenario):
    [case]=scenario.register()
    scenario.survey(case)
    scenario.clean_up(case)
    scenario.accept(case)
    scenario.advance("20wd")
    scenario.complete("lookback_check", case, lookback_result="ok")
    assert scenario.tasks()==[]
    assert scenario.engine.read.violations()==()
