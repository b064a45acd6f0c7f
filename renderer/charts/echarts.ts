/** The parts of ECharts that the plots use, and no more; loaded after the first paint. */
import { LineChart } from 'echarts/charts';
import { GridComponent, MarkAreaComponent, MarkLineComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';

use([LineChart, GridComponent, MarkLineComponent, MarkAreaComponent, CanvasRenderer]);

export { init };
