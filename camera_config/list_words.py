"""Words that lists of cameras use for our keys and values: Chinese first, then English."""

HEADINGS: dict[str, tuple[str, ...]] = {
    "id": ("id", "编号", "摄像机编号", "点位编号", "设备编号", "cameraid"),
    "name": ("name", "名称", "摄像机名称", "点位名称", "设备名称", "监控点名称"),
    "gb_code": ("gbcode", "国标编码", "国标编号", "国标id", "国标码", "设备国标编码", "gb28181"),
    "lat": ("lat", "latitude", "纬度"),
    "lon": ("lon", "lng", "longitude", "经度"),
    "heading_deg": ("headingdeg", "heading", "朝向", "方位角", "方向角", "安装朝向"),
    "township": ("township", "乡镇", "所属乡镇", "乡镇街道", "所属乡镇街道"),
    "net": ("net", "防控网", "所属防控网"),
    "place_type": ("placetype", "场所类型", "位置类型", "点位类型"),
    "purpose": ("purpose", "用途", "建设用途"),
    "retention_class": ("retentionclass", "保存期限", "保存天数", "存储天数"),
    "url": ("url", "地址", "主码流", "主码流地址", "视频流地址", "rtsp地址", "rtsp"),
    "sub_url": ("suburl", "子码流", "子码流地址", "辅码流", "辅码流地址"),
    "record": ("record", "录像", "录像方式"),
    "tiled": ("tiled", "分块检测", "分块"),
    "person_min": ("personmin", "人员阈值"),
    "vehicle_min": ("vehiclemin", "车辆阈值"),
    "masked": ("masked", "遮挡", "隐私遮挡", "是否遮挡"),
    "user": ("user", "username", "用户", "用户名", "账号"),
    "password": ("password", "密码", "口令"),
}
"""Our key and what may stand above its column; compared in small letters without blanks, dashes and underscores."""

PASSED_OVER = ("序号", "备注", "说明", "no", "remark", "remarks")
"""Columns that are not read; so is every column whose heading begins with #."""

VALUES: dict[str, dict[str, str]] = {
    "net": {
        "街面": "street", "街道": "street", "社区": "community", "单位内部": "unit_internal",
        "区域警务协作": "regional_cooperation", "区域协作": "regional_cooperation",
        "技术视频": "technical_video", "视频技术": "technical_video", "虚拟社会": "virtual_society",
    },
    "place_type": {
        "路口": "crossing", "道路": "road", "桥梁": "bridge", "隧道": "tunnel", "收费站": "toll_station",
        "站前广场": "station_square", "汽车站": "bus_station", "客运站": "bus_station", "广场": "square",
        "公园": "park", "市场": "market", "学校门口": "school_gate", "医院门口": "hospital_gate",
        "机关门口": "government_gate", "企业门口": "company_gate", "银行门口": "bank_front", "加油站": "petrol_station",
        "小区门口": "residential_gate", "小区内道路": "residential_lane", "村口": "village_entrance",
        "河边": "riverside", "停车场": "car_park",
    },
    "retention_class": {
        "30": "days-30", "30天": "days-30", "30日": "days-30", "90": "days-90", "90天": "days-90", "90日": "days-90",
    },
    "record": {"事件": "event", "事件录像": "event", "连续": "continuous", "全天": "continuous", "不录": "none"},
    "tiled": {"是": "true", "否": "false"},
    "masked": {"是": "true", "有": "true", "否": "false", "无": "false"},
}  # fmt: skip
